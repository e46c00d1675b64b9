import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { chatToCanonical } from '../protocol/chat/chat-to-canonical';
import { RouteGroup } from '../keys/route-group.decorator';
import { AnsweringService } from './answering.service';
import { answers, chatAsking } from './openai-docs';

/** The door for OpenAI's Chat Completions. */
@ApiTags('OpenAI')
@ApiBearerAuth()
@RouteGroup('llm_api')
@Controller()
export class CompletionsController {
  constructor(private readonly answering: AnsweringService) {}

  @Post(['v1/chat/completions', 'chat/completions', 'openai/v1/chat/completions'])
  @answers('Chat completion, streamed or whole', chatAsking)
  create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answering.answer({ request, reply, route: '/v1/chat/completions', dialect: 'chat' }, chatToCanonical);
  }

  @Post('openai/deployments/:model/chat/completions')
  @answers('Chat completion with the model in the path, as Azure clients send it', chatAsking)
  createForDeployment(
    @Param('model') model: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const route = '/openai/deployments/{model}/chat/completions';
    const adapt = (body: unknown): unknown => (isObject(body) ? { ...body, model } : body);
    return this.answering.answer({ request, reply, route, dialect: 'chat', adapt }, chatToCanonical);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
