import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type AccessToken } from '../auth/access-tokens';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { noSpan, type Span } from '../kernel/tracing';
import { type StopSignal } from '../kernel/stop-signal';
import { type OutboundResponse } from '../outbound/outbound';
import { failureOfAnswer } from '../protocol/codex/codex-failure';
import { QuotaReader } from '../protocol/codex/quota-headers';
import { isJsonObject } from '../protocol/json-guards';
import { type RemainingLimits } from '../kernel/observations';
import { type PlanQuota } from '../kernel/plan-quota';
import { AnswerStream, firstEventTimeout } from './answer-stream';
import { CallSender } from './call-sender';
import { cannedAnswer } from './canned-answer';
import { CodexCalls } from './codex-call';
import { passHeaders } from './codex-headers';
import { codexIdentity } from './codex-identity';
import { jsonOf } from './json-answer';
import { openAiCall } from './openai-call';
import { type PreparedCall } from './prepared-call';
import { waited } from './waited';
import { type NativeRequest, Upstream, type UpstreamAnswer, type UpstreamCall } from './upstream';

/** A compaction is one item of ciphertext; the history it replaces has at most a few hundred KiB. */
const compactLimitBytes = 64 * 1024 * 1024;
/** Characters of an answer that is no compaction, which are looked at for what went wrong. */
const refusalLimit = 64 * 1024;
/** What `describe` shows in the place of a login. */
const noLogin: AccessToken = { bearer: '[redacted]', accountId: '[redacted]', isFedramp: false };

/** One attempt at one deployment, for both providers. */
@Injectable()
export class CodexUpstream extends Upstream {
  private readonly quotaReaders = new Map<string, QuotaReader>();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly codexCalls: CodexCalls,
    private readonly sender: CallSender,
    private readonly clock: Clock,
  ) {
    super();
  }

  async open(
    deployment: Deployment,
    call: UpstreamCall,
    signal: StopSignal,
    span: Span = noSpan,
  ): Promise<UpstreamAnswer> {
    if (deployment.mockResponse !== undefined) {
      return cannedAnswer(deployment.mockResponse, deployment.upstreamModel, this.clock.nowMs());
    }
    const token = await waited(this.sender.loginFor(deployment), { span, name: 'refresh', clock: this.clock });
    const prepared = await this.prepare(deployment, call, span);
    const { times } = this.settings;
    const limitMs = deployment.streamTimeoutMs ?? times.firstEventMs;
    const startedMs = this.clock.monotonicMs();
    const response = await this.sender.send({ deployment, call: prepared, token, signal, headersMs: limitMs, span });
    this.codexCalls.answered(deployment, response.headers);
    const leftMs = limitMs - (this.clock.monotonicMs() - startedMs);
    const ahead = isLabelledStream(response) ? undefined : await this.streamStart(response, leftMs);
    return new AnswerStream(response, {
      model: prepared.model,
      passHeaders: passHeaders(response.headers, this.settings.routing.showsPlanQuota),
      droppedParams: prepared.droppedParams,
      quota: deployment.provider === 'codex' ? this.quotaIn(deployment, response) : undefined,
      limits: deployment.provider === 'openai' ? limitsIn(response) : undefined,
      firstEventMs: leftMs,
      idleMs: times.idleMs,
      ...(ahead === undefined ? {} : { ahead }),
    });
  }

  async compact(
    deployment: Deployment,
    call: NativeRequest,
    signal: StopSignal,
    onAsked?: Parameters<Upstream['compact']>[3],
  ): Promise<Buffer> {
    const { wholeJsonMs } = this.settings.times;
    const token = await this.sender.loginFor(deployment);
    const prepared = await this.codexCalls.native(deployment, call, 'responses/compact');
    onAsked?.(prepared);
    const limitMs = deployment.timeoutMs ?? wholeJsonMs;
    const response = await this.sender.send({ deployment, call: prepared, token, signal, headersMs: limitMs });
    if (isLabelled(response, 'html')) throw await this.sender.refusal(response);
    const bodyText = await response.text(compactLimitBytes, limitMs);
    if (isCompaction(bodyText)) return Buffer.from(bodyText);
    const { status, headers } = response;
    throw failureOfAnswer({ status, headers, bodyText: bodyText.slice(0, refusalLimit), nowMs: this.clock.nowMs() });
  }

  async describe(deployment: Deployment, call: UpstreamCall): ReturnType<Upstream['describe']> {
    const { url, body, headersFor, instructions, droppedParams } = await this.prepare(deployment, call);
    return {
      url,
      headers: headersFor(noLogin),
      body: jsonOf(typeof body === 'string' ? body : Buffer.from(body).toString('utf8')),
      instructionsHash: instructions === undefined ? null : createHash('sha256').update(instructions).digest('hex'),
      droppedParams,
    };
  }

  private quotaIn({ credential }: Deployment, { headers }: OutboundResponse): PlanQuota | undefined {
    let reader = this.quotaReaders.get(credential.name);
    if (reader === undefined) {
      reader = new QuotaReader();
      this.quotaReaders.set(credential.name, reader);
    }
    return reader.read(headers, this.clock.nowMs());
  }

  private async prepare(deployment: Deployment, call: UpstreamCall, span: Span = noSpan): Promise<PreparedCall> {
    if (deployment.provider === 'openai') return openAiCall(deployment, call, codexIdentity(this.settings).userAgent);
    if (call.kind === 'native') return this.codexCalls.native(deployment, call, 'responses');
    return this.codexCalls.canonical(deployment, call, span);
  }

  /**
   * Looks into an answer that does not say it is an event stream, because some edges drop the label.
   *
   * @returns the chunks that were read. @throws {UpstreamFailure} when it is a page or a JSON answer.
   */
  private async streamStart(response: OutboundResponse, leftMs: number): Promise<readonly Buffer[]> {
    if (isLabelled(response, 'html')) throw await this.sender.refusal(response);
    const late = { yes: false };
    const timer = setTimeout(() => {
      late.yes = true;
      response.cancel();
    }, leftMs);
    try {
      const chunks = (await response.next()) ?? [];
      if (!/^[\s\uFEFF]*(event|data|id|retry)?:/.test(Buffer.concat(chunks).toString('utf8', 0, 64))) {
        throw await this.sender.refusal(response, chunks);
      }
      return chunks;
    } catch (error) {
      throw late.yes ? firstEventTimeout() : error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether an answer with status 200 is what was asked for: a history in the place of the one that was sent. */
function isCompaction(bodyText: string): boolean {
  const answer = jsonOf(bodyText);
  return isJsonObject(answer) && Array.isArray(answer['output']);
}

/** What is left of the rate limits of a key, where the host says so. */
function limitsIn({ headers }: OutboundResponse): RemainingLimits | undefined {
  const remainingRequests = wholeNumber(headers['x-ratelimit-remaining-requests']);
  const remainingTokens = wholeNumber(headers['x-ratelimit-remaining-tokens']);
  if (remainingRequests === undefined && remainingTokens === undefined) return undefined;
  return { remainingRequests, remainingTokens };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function isLabelledStream(response: OutboundResponse): boolean {
  return isLabelled(response, 'text/event-stream');
}

function isLabelled({ headers }: OutboundResponse, type: string): boolean {
  return headers['content-type']?.toLowerCase().includes(type) ?? false;
}
