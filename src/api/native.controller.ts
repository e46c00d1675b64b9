import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { callContextOf } from '../http/call-context';
import { RouteGroup } from '../keys/route-group.decorator';
import { clientGone } from '../http/client-gone';
import { openPolicy } from '../kernel/principal';
import { questionSize } from '../protocol/canonical/question-size';
import { assertSelfContained } from '../protocol/codex/codex-limits';
import { readNativeRequest } from '../protocol/codex/native-request';
import { isJsonObject } from '../protocol/json-guards';
import { responsesToCanonical } from '../protocol/responses/responses-to-canonical';
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
    await this.answering.tell(await this.turnOf(request), reply);
  }

  /** A function of its own, so that the parsed body is not kept for as long as the answer runs. */
  private async turnOf(request: FastifyRequest): Promise<NativeCall> {
    const { json, bytes } = await this.answering.readBody(request);
    return this.callOf(request, json, bytes, '/backend-api/codex/responses');
  }

  @Post([
    'backend-api/codex/responses/compact',
    'v1/responses/compact',
    'responses/compact',
    'openai/responses/compact',
    'openai/v1/responses/compact',
  ])
  @answers('Compaction of a conversation in one call, as SDKs and older Codex CLIs ask for it', compactAsking)
  async compact(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { json, bytes } = await this.answering.readBody(request);
    const read = this.callOf(request, json, bytes, '/v1/responses/compact');
    const { surface, isCodexCli } = read.context;
    const own = surface === 'native' || isCodexCli ? {} : this.asSdk(read, json);
    const call = { ...read, ...own, callType: compactCall };
    const { headers, body } = await this.compaction.compact(call, clientGone(reply.raw));
    await reply.code(200).headers(headers).type('application/json; charset=utf-8').send(body);
  }

  /** @throws {GatewayError} 400 for what no compaction can be made of, before anybody is asked. */
  private asSdk({ native, context }: NativeCall, json: unknown): Pick<NativeCall, 'native' | 'droppedParams'> {
    const { canonical, droppedParams } = responsesToCanonical(json, this.answering.mapping);
    assertSelfContained(canonical);
    const { codexMode } = context.principal?.policy ?? openPolicy;
    return { native: { ...native, fromSdk: true, codexMode }, droppedParams };
  }

  private callOf(request: FastifyRequest, json: unknown, bytes: Buffer, route: string): NativeCall {
    const { model, serviceTier, compactionTrigger } = readNativeRequest(json, bytes);
    return {
      context: callContextOf(request),
      route,
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
