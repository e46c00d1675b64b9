import { type FastifyReply } from 'fastify';
import { Stopper, type StopSignal } from '../kernel/stop-signal';
import { repliedHeaders } from './replied-headers';
import { EventStream, type EventStreamOptions } from './event-stream';
import { tickerFor, type Ticking } from './stream-ticker';

/** Unsent bytes beyond which a writer waits. */
const maxUnsentBytes = 256 * 1024;

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
} as const;

/**
 * Server-sent events straight on the raw response. The reply is taken from Fastify only at `commit`, so that a failure
 * before it is still an ordinary HTTP answer. Frames are wire text: one character, one byte.
 */
export class RawEventStream extends EventStream implements Ticking {
  readonly signal: StopSignal;
  private readonly raw: FastifyReply['raw'];
  private readonly aborter = new Stopper();
  private readonly ticking: ReturnType<typeof tickerFor>;
  private isCommitted = false;
  private isFinished = false;
  private isCorked = false;
  private wroteSinceTick = false;
  private quietSinceMs = 0;
  private unsentAtTick = 0;
  private stuckSinceMs = 0;
  private draining: Promise<void> | undefined;

  constructor(
    private readonly reply: FastifyReply,
    private readonly options: EventStreamOptions,
  ) {
    super();
    this.raw = reply.raw;
    this.signal = this.aborter;
    this.ticking = tickerFor(Math.min(options.keepAliveMs, options.stalledReaderMs));
    if (this.raw.destroyed) this.closed();
    else
      this.raw.once('close', () => {
        this.closed();
      });
  }

  get committed(): boolean {
    return this.isCommitted;
  }

  commit(headers: Readonly<Record<string, string>>): void {
    if (this.isCommitted || this.raw.destroyed) return;
    this.isCommitted = true;
    this.reply.hijack();
    const { raw } = this;
    raw.writeHead(200, { ...streamHeaders, ...repliedHeaders(this.reply), ...headers });
    // Corked until the end of this turn: headers and first frames leave in one packet and, as far as they go, one chunk.
    raw.cork();
    this.isCorked = true;
    raw.flushHeaders();
    process.nextTick(() => {
      this.uncork();
    });
    this.quietSinceMs = performance.now();
    this.stuckSinceMs = this.quietSinceMs;
    this.ticking.ticker.add(this);
  }

  write(frames: string): Promise<void> | undefined {
    if (!this.isCommitted) this.commit({});
    if (this.raw.destroyed || this.isFinished) return undefined;
    this.wroteSinceTick = true;
    this.raw.write(frames, 'latin1');
    return this.raw.writableLength > maxUnsentBytes ? this.drained() : undefined;
  }

  end(frames?: string): void {
    if (!this.isCommitted) this.commit({});
    if (this.isFinished) return;
    this.isFinished = true;
    if (this.raw.destroyed) return;
    if (this.isCorked) this.endCorked(frames);
    else if (frames === undefined) this.raw.end();
    else this.raw.end(frames, 'latin1');
  }

  /** Node 22 and later write the end of a corked response before what is corked, so that the body is lost: uncork first. */
  private endCorked(frames: string | undefined): void {
    if (frames !== undefined) this.raw.write(frames, 'latin1');
    // The socket stays corked until `end`, for one packet.
    this.raw.socket?.cork();
    this.uncork();
    this.raw.end();
  }

  private uncork(): void {
    if (!this.isCorked) return;
    this.isCorked = false;
    this.raw.uncork();
  }

  /** Called by the shared ticker: keeps the stream alive, gives up on a reader that stopped. */
  tick(nowMs: number): void {
    const unsent = this.raw.writableLength;
    if (unsent === 0 || unsent < this.unsentAtTick) this.stuckSinceMs = nowMs;
    this.unsentAtTick = unsent;
    if (unsent > 0 && nowMs - this.stuckSinceMs >= this.options.stalledReaderMs) {
      this.raw.destroy();
      return;
    }
    if (this.wroteSinceTick) {
      this.wroteSinceTick = false;
      this.quietSinceMs = nowMs;
    } else if (!this.isFinished && unsent === 0 && this.isDue(nowMs)) {
      this.quietSinceMs = nowMs;
      this.raw.write(this.options.keepAliveFrame, 'latin1');
    }
  }

  /** One pace early rather than late: the limit is what a proxy or a CLI will bear. */
  private isDue(nowMs: number): boolean {
    return nowMs - this.quietSinceMs >= this.options.keepAliveMs - this.ticking.paceMs;
  }

  private drained(): Promise<void> {
    this.draining ??= new Promise((resolve) => {
      const go = (): void => {
        this.raw.off('drain', go).off('close', go);
        this.draining = undefined;
        resolve();
      };
      this.raw.once('drain', go).once('close', go);
    });
    return this.draining;
  }

  private closed(): void {
    this.ticking.ticker.remove(this);
    if (!this.isFinished && !this.raw.writableFinished) this.aborter.abort();
  }
}
