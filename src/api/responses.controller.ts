import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { RouteGroup } from '../keys/route-group.decorator';
import { responsesToCanonical } from '../protocol/responses/responses-to-canonical';
import { AnsweringService } from './answering.service';
import { answers, responsesAsking } from './openai-docs';

/** The door for OpenAI's Responses, also at the paths of Azure's clients, with and without its `?api-version=`. */
@ApiTags('OpenAI')
@ApiBearerAuth()
@RouteGroup('llm_api')
@Controller()
export class ResponsesController {
  constructor(private readonly answering: AnsweringService) {}

  @Post(['v1/responses', 'responses', 'openai/responses', 'openai/v1/responses'])
  @answers('Response, streamed or whole', responsesAsking)
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answering.answer(
      { request, reply, route: '/v1/responses', dialect: 'responses' },
      responsesToCanonical,
    );
  }
}
