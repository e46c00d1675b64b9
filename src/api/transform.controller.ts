import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callContextOf } from '../http/call-context';
import { jsonBody } from '../http/openapi-bodies';
import { invalidRequest } from '../kernel/errors';
import { RouteGroup } from '../keys/route-group.decorator';
import { chatToCanonical } from '../protocol/chat/chat-to-canonical';
import { responsesToCanonical } from '../protocol/responses/responses-to-canonical';
import { TransformService } from '../serving/transform.service';
import { AnsweringService } from './answering.service';
import { jsonAnswer } from '../http/openapi-answers';
import { transformedRequest } from './model-answers';

const TransformRequest = z.object({
  call_type: z.enum(['completion', 'acompletion', 'responses', 'aresponses']),
  request_body: z.record(z.string(), z.unknown()),
});

/** Shows what a call would send upstream, without sending it (LiteLLM's route and shape). */
@ApiTags('Diagnosis')
@ApiBearerAuth()
@RouteGroup('llm_api')
@Controller()
export class TransformController {
  constructor(
    private readonly answering: AnsweringService,
    private readonly transform: TransformService,
  ) {}

  @Post('utils/transform_request')
  @HttpCode(200)
  @ApiOperation({ summary: 'The upstream request for a given call, without secrets and without sending it' })
  @jsonBody(TransformRequest)
  @jsonAnswer(transformedRequest)
  async show(@Req() request: FastifyRequest): Promise<object> {
    const { json } = await this.answering.readBody(request);
    const parsed = TransformRequest.safeParse(json);
    if (!parsed.success) {
      const path = parsed.error.issues[0]?.path.join('.') ?? '';
      throw invalidRequest(
        `'${path === '' ? 'body' : path}' is not right: send {"call_type": "completion" or "responses", "request_body": {…}}.`,
        path === '' ? 'body' : path,
      );
    }
    const map = parsed.data.call_type.endsWith('completion') ? chatToCanonical : responsesToCanonical;
    const client = map(parsed.data.request_body, this.answering.mapping);
    const dialect = map === chatToCanonical ? 'chat' : 'responses';
    return this.transform.describe({
      context: callContextOf(request),
      route: '/utils/transform_request',
      dialect,
      client,
      isWire: false,
      extras: this.answering.extrasOf(request, parsed.data.request_body, false),
      requestedTier: undefined,
      size: { textBytes: 0, images: 0, sealedBytes: 0 },
    });
  }
}
