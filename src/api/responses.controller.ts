import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { RouteGroup } from '../keys/route-group.decorator';
import { responsesToCanonical } from '../protocol/responses/responses-to-canonical';
import { AnsweringService } from './answering.service';

/** The door for OpenAI's Responses. */
@ApiTags('OpenAI')
@ApiBearerAuth()
@RouteGroup('llm_api')
@Controller()
export class ResponsesController {
  constructor(private readonly answering: AnsweringService) {}

  @Post(['v1/responses', 'responses'])
  @ApiOperation({ summary: 'Response, streamed or whole' })
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.answering.answer({ request, reply, route: '/v1/responses', dialect: 'responses' }, responsesToCanonical);
  }
}
