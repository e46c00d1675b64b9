import { Controller, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { callContextOf } from '../http/call-context';
import { RouteGroup } from '../keys/route-group.decorator';
import { clientGone } from '../http/client-gone';
import { readNativeRequest } from '../protocol/codex/native-request';
import { CompactionService } from '../serving/compaction.service';
import { type NativeRequest } from '../upstream/upstream';
import { AnsweringService } from './answering.service';
import { identityHeaders } from './identity-headers';

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
  @ApiOperation({ summary: 'A turn of the Codex CLI' })
  async respond(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const native = await this.read(request);
    const context = callContextOf(request);
    await this.answering.tell({ context, route: '/backend-api/codex/responses', dialect: 'native', native }, reply);
  }

  @Post(['backend-api/codex/responses/compact', 'v1/responses/compact', 'responses/compact'])
  @ApiOperation({ summary: 'Compaction of a conversation in one call, as older Codex CLIs ask for it' })
  async compact(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const native = await this.read(request);
    const context = callContextOf(request);
    const call = { context, route: '/v1/responses/compact', dialect: 'native', native } as const;
    const body = await this.compaction.compact(call, clientGone(reply.raw));
    await reply.code(200).type('application/json; charset=utf-8').send(body);
  }

  private async read(request: FastifyRequest): Promise<NativeRequest> {
    const { json, bytes } = await this.answering.readBody(request);
    const { model } = readNativeRequest(json, bytes);
    return { kind: 'native', model, body: bytes, headers: identityHeaders(request.headers) };
  }
}
