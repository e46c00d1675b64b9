import { Inject, Injectable, Optional } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { Outbound, type OutboundResponse } from '../outbound/outbound';
import { GatewayLogger } from '../telemetry/logger';

/** What a host said. `limited`: not to be asked before `untilMs`, Unix milliseconds. */
export type HostAnswer =
  | { readonly kind: 'text'; readonly text: string; readonly etag: string | undefined }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'limited'; readonly untilMs: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** One question. */
export interface HostQuestion {
  readonly url: string;
  readonly accept: string;
  readonly etag: string | undefined;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
}

/** Prompts have about twenty thousand characters. */
const mostBytes = 1_048_576;
const shortestPauseMs = 60_000;
/** The host's limits count by the hour. */
const longestPauseMs = 3_600_000;

/** Asks the hosts that have the CLI's releases and files. Never throws. */
@Injectable()
export class ReleaseHost {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
    @Optional() @Inject(GatewayLogger) private readonly logger?: GatewayLogger,
  ) {}

  /** The description of the newest release, JSON. */
  newestRelease(etag: string | undefined, deadlineMs: number): Promise<HostAnswer> {
    const url = this.settings.codex.releasesUrl;
    return this.told('newest release', { url, accept: 'application/vnd.github+json', etag, deadlineMs });
  }

  /** A prompt file at a release. */
  promptFile(tag: string, file: string, ask: Pick<HostQuestion, 'etag' | 'deadlineMs'>): Promise<HostAnswer> {
    const url = `${this.settings.codex.instructionsBaseUrl}/${tag}/codex-rs/core/${encodeURIComponent(file)}`;
    return this.told(file, { url, accept: 'text/plain', ...ask });
  }

  /** A few lines an hour at most: whoever asks waits after a failure. */
  private async told(asked: string, question: HostQuestion): Promise<HostAnswer> {
    const answer = await this.ask(question);
    if (answer.kind === 'text' || answer.kind === 'unchanged') return answer;
    const why = answer.kind === 'failed' ? answer.reason : answer.kind;
    this.logger?.event('warn', 'instructions could not be refreshed', { asked, why });
    return answer;
  }

  private async ask(question: HostQuestion): Promise<HostAnswer> {
    const leftMs = question.deadlineMs - this.clock.monotonicMs();
    if (leftMs <= 0) return { kind: 'failed', reason: 'timeout' };
    const late = new AbortController();
    // The deadline covers headers and body together.
    const timer = setTimeout(() => {
      late.abort(new Error('timeout'));
    }, leftMs);
    try {
      const response = await this.outbound.send({
        method: 'GET',
        url: question.url,
        headers: {
          accept: question.accept,
          'user-agent': `${this.settings.codex.originator} (instructions)`,
          ...(question.etag === undefined ? {} : { 'if-none-match': question.etag }),
        },
        headersMs: leftMs,
        signal: late.signal,
      });
      return await this.answerIn(response, leftMs);
    } catch (error) {
      return { kind: 'failed', reason: late.signal.aborted ? 'timeout' : reasonOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  private async answerIn(response: OutboundResponse, leftMs: number): Promise<HostAnswer> {
    const { status, headers } = response;
    if (status === 200 && headers['content-type']?.includes('html') !== true) {
      const text = await response.text(mostBytes, leftMs);
      const isWhole = text.trim() !== '' && text.length < mostBytes;
      return isWhole ? { kind: 'text', text, etag: headers['etag'] } : { kind: 'failed', reason: 'bad text' };
    }
    response.cancel();
    if (status === 304) return { kind: 'unchanged' };
    if (status === 404) return { kind: 'absent' };
    if (status === 403 || status === 429) return { kind: 'limited', untilMs: this.freeAgainMs(headers) };
    return { kind: 'failed', reason: `status ${status}` };
  }

  /** `x-ratelimit-reset` is in Unix seconds, `retry-after` in seconds from now; a limit without either lasts minutes. */
  private freeAgainMs(headers: Readonly<Record<string, string>>): number {
    const nowMs = this.clock.nowMs();
    const [reset, after] = [Number(headers['x-ratelimit-reset']), Number(headers['retry-after'])];
    const pauses = [reset * 1_000 - nowMs, after * 1_000].filter((pauseMs) => Number.isFinite(pauseMs));
    const pauseMs = pauses.length === 0 ? 15 * 60_000 : Math.max(...pauses);
    return nowMs + Math.min(longestPauseMs, Math.max(shortestPauseMs, pauseMs));
  }
}

/** Class of a failure; its message could name hosts and proxies. */
function reasonOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'kind' in error ? String(error.kind) : 'error';
}
