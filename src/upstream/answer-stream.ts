import { type RemainingLimits } from '../kernel/observations';
import { type PlanQuota } from '../kernel/plan-quota';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type ResolvedModel } from '../models/catalog-entry';
import { type OutboundResponse, type Taken } from '../outbound/outbound';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { isOwnerOnly } from '../protocol/canonical/event-types';
import { SseDecoder } from '../protocol/wire/sse-decoder';
import { type UpstreamAnswer } from './upstream';

/** What a stream needs besides its bytes. Milliseconds. */
export interface AnswerStreamOptions {
  readonly model: ResolvedModel;
  readonly passHeaders: Readonly<Record<string, string>>;
  readonly droppedParams: readonly string[];
  readonly quota?: PlanQuota | undefined;
  readonly limits?: RemainingLimits | undefined;
  /** What is left of the wait for the first event. */
  readonly firstEventMs: number;
  /** Between two semantic events. */
  readonly idleMs: number;
  /** Chunks that were read to see whether this is a stream at all. */
  readonly ahead?: readonly Buffer[];
}

/** How long a finished answer's connection may take to end its body. */
const endOfBodyMs = 1_000;

/** Said once they mean something, said again they only keep the connection warm. */
const oncePerAnswer = ['response.created', 'response.queued', 'response.in_progress'];

/** Bytes of an event stream → events, with the clocks that bytes alone cannot satisfy. One timer per answer. */
export class AnswerStream implements UpstreamAnswer {
  readonly model: ResolvedModel;
  readonly passHeaders: Readonly<Record<string, string>>;
  readonly droppedParams: readonly string[];
  readonly quota: PlanQuota | undefined;
  readonly limits: RemainingLimits | undefined;

  private readonly decoder = new SseDecoder();
  /** Which of them came, a bit each: the names themselves are slices that would keep a whole chunk alive. */
  private seenOnce = 0;
  private ahead: readonly Buffer[] | undefined;
  private timer: NodeJS.Timeout;
  private began = false;
  /** When content last came, on `performance.now`. */
  private lifeMs = 0;
  private sniffed = false;
  private waiting = false;
  private ended = false;
  private timedOut: UpstreamFailure | undefined;

  constructor(
    private readonly response: OutboundResponse,
    private readonly options: AnswerStreamOptions,
  ) {
    this.model = options.model;
    this.passHeaders = options.passHeaders;
    this.droppedParams = options.droppedParams;
    this.quota = options.quota;
    this.limits = options.limits;
    this.ahead = options.ahead;
    this.timer = setTimeout(this.onSilence, shared(options.firstEventMs));
  }

  async next(): Promise<readonly AnswerEvent[] | undefined> {
    try {
      while (!this.ended) {
        this.waiting = true;
        const chunks = this.ahead ?? (await this.response.next());
        this.waiting = false;
        this.ahead = undefined;
        const events = chunks === undefined ? this.lastEvents() : this.eventsIn(joined(chunks));
        if (events.length > 0) return events;
      }
      return undefined;
    } catch (error) {
      this.cancel();
      throw this.timedOut ?? error;
    }
  }

  async each(take: (events: readonly AnswerEvent[]) => Taken): Promise<void> {
    let isWanted = !this.ended;
    const tell = (events: readonly AnswerEvent[]): Taken => {
      const taken = events.length === 0 ? undefined : take(events);
      if (taken === false) isWanted = false;
      return taken === undefined || taken === false ? taken : this.resting(taken);
    };
    try {
      this.waiting = true;
      const { ahead } = this;
      this.ahead = undefined;
      if (ahead !== undefined) await tell(this.eventsIn(joined(ahead)));
      if (isWanted) await this.response.each((chunk) => tell(this.eventsIn(chunk)));
      if (isWanted) await tell(this.lastEvents());
    } catch (error) {
      this.cancel();
      throw this.timedOut ?? error;
    } finally {
      this.waiting = false;
    }
  }

  cancel(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.response.cancel();
  }

  release(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    this.response.release(endOfBodyMs);
  }

  private lastEvents(): readonly AnswerEvent[] {
    this.ended = true;
    clearTimeout(this.timer);
    return this.decoder.end();
  }

  /** While the reader rests, the silence is his. */
  private async resting(rest: Promise<void>): Promise<void> {
    this.waiting = false;
    await rest;
    this.waiting = true;
    this.lifeMs = performance.now();
  }

  private eventsIn(chunk: Buffer): readonly AnswerEvent[] {
    if (!this.sniffed) {
      this.sniffed = true;
      if (looksLikePage(chunk)) throw page();
    }
    const events = this.decoder.push(chunk);
    if (this.showsLife(events)) this.restartIdle();
    return events;
  }

  /** The last event first: it is the likeliest to be content. */
  private showsLife(events: readonly AnswerEvent[]): boolean {
    let alive = false;
    for (let index = events.length - 1; index >= 0 && !alive; index -= 1) {
      const type = events[index]?.type;
      alive = type !== undefined && this.isLife(type);
    }
    return alive;
  }

  private isLife(type: string): boolean {
    if (type === 'keepalive' || isOwnerOnly(type)) return false;
    const place = oncePerAnswer.indexOf(type);
    if (place === -1) return true;
    const bit = 1 << place;
    const isFirst = (this.seenOnce & bit) === 0;
    this.seenOnce |= bit;
    return isFirst;
  }

  private restartIdle(): void {
    this.lifeMs = performance.now();
    // Moving the timer for every delta costs more than looking at the clock when it fires.
    if (this.began) return;
    this.began = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onSilence, this.options.idleMs);
  }

  private readonly onSilence = (): void => {
    // Nobody is waiting: the silence is our reader's, who has the socket paused, not the upstream's.
    if (!this.waiting) {
      this.timer.refresh();
      return;
    }
    const restMs = this.began ? this.lifeMs + this.options.idleMs - performance.now() : 0;
    if (restMs >= 1) {
      this.timer = setTimeout(this.onSilence, restMs);
      return;
    }
    this.timedOut = this.began ? idleTimeout(this.options.idleMs) : firstEventTimeout();
    this.response.cancel();
  };
}

/** Where chunks are joined that are decoded at once: a buffer of their own for each is dear to get and to clear away. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** An event that is cut between two chunks costs more than the copy. @returns bytes that are good until the next call. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  if (length > scratch.length) return Buffer.concat(chunks);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(scratch, at);
  return scratch.subarray(0, length);
}

/** Long limits in whole seconds: Node keeps a list of timers for each length, and what is left of a limit is ever another. */
function shared(ms: number): number {
  return ms < 10_000 ? Math.max(ms, 0) : Math.ceil(ms / 1_000) * 1_000;
}

function looksLikePage(chunk: Buffer): boolean {
  for (const byte of chunk.subarray(0, 64)) {
    if (byte > 0x20) return byte === 0x3c;
  }
  return false;
}

function page(): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'blocked',
    message: 'A network edge in front of the upstream answered with a web page. Your key and your request are fine.',
  });
}

/** The upstream answered, but said nothing within the limit. */
export function firstEventTimeout(): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: 'upstream_first_event_timeout',
    message: 'The upstream accepted the request but began no answer within the time limit (stream_timeout).',
  });
}

function idleTimeout(limitMs: number): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: 'upstream_idle_timeout',
    message: `The upstream fell silent in the middle of its answer for ${limitMs} ms.`,
  });
}
