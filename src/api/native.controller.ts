import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { callContextOf } from '../http/call-context';
import { RouteGroup } from '../keys/route-group.decorator';
import { clientGone } from '../http/client-gone';
import { questionSize } from '../protocol/canonical/question-size';
import { readNativeRequest } from '../protocol/codex/native-request';
import { isJsonObject } from '../protocol/json-guards';
import { type Call, compactCall } from '../serving/call';
import { readWishes } from '../protocol/request-wishes';
import { CompactionService } from '../serving/compaction.service';
import { AnsweringService } from './answering.service';
import { identityHeaders } from './identity-headers';
import { answers, compactAsking, turnAsking } from './openai-docs';

/** The door for the Codex CLI: its own requests, forwarded as they came, with our keys and our accounting. */
@ApiTags('Codex CLI')
@ApiBearerAuth()
@RouteGroup('llm_api')
@Controller()
export class NativeController {
  constructor(
    private readonly answering: AnsweringService,
    private readonly compaction: CompactionService,
  ) {}

  @Post('backend-api/codex/responses')
  @answers('A turn of the Codex CLI', turnAsking)
  async respond(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const call = await this.read(request);
    await this.answering.tell({ ...call, route: '/backend-api/codex/responses' }, reply);
  }

  @Post(['backend-api/codex/responses/compact', 'v1/responses/compact', 'responses/compact'])
  @answers('Compaction of a conversation in one call, as older Codex CLIs ask for it', compactAsking)
  async compact(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const call = { ...(await this.read(request)), route: '/v1/responses/compact', callType: compactCall };
    const { headers, body } = await this.compaction.compact(call, clientGone(reply.raw));
    await reply.code(200).headers(headers).type('application/json; charset=utf-8').send(body);
  }

  private async read(request: FastifyRequest): Promise<Omit<NativeCall, 'route'>> {
    const { json, bytes } = await this.answering.readBody(request);
    const { model, serviceTier, compactionTrigger } = readNativeRequest(json, bytes);
    return {
      context: callContextOf(request),
      extras: this.answering.extrasOf(request, json, false),
      wishes: readWishes(undefined, request.raw.headers),
      size: questionSize(isJsonObject(json) ? json['input'] : undefined, bytes.length),
      requestedTier: serviceTier,
      dialect: 'native',
      compactionTrigger,
      native: {
        kind: 'native',
        model,
        body: bytes,
        headers: identityHeaders(request.headers),
      },
    };
  }
}

type NativeCall = Extract<Call, { readonly dialect: 'native' }>;
