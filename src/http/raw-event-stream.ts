import { type FastifyReply } from 'fastify';
import { Stopper, type StopSignal } from '../kernel/stop-signal';
import { repliedHeaders } from './replied-headers';
import { EventStream, type EventStreamOptions } from './event-stream';
import { tickerFor, type Ticking } from './stream-ticker';

/** Unsent bytes beyond which a writer waits. */
const maxUnsentBytes = 256 * 1024;

/** Whether the connection stays is said by Node, which knows what the client wants. */
const standingHeaders = [
  ['content-type', 'text/event-stream; charset=utf-8'],
  ['cache-control', 'no-cache'],
  ['x-accel-buffering', 'no'],
] as const;
const lastChunk = '0\r\n\r\n';

/**
 * Server-sent events straight on the raw response. The reply is taken from Fastify only at `commit`, so that a failure
 * before it is still an ordinary HTTP answer. Frames are wire text: one character, one byte.
 *
 * The chunks of the body are framed here. Node would write each in four pieces, which go through a buffer of their own; one
 * string is handed to the kernel as it is, for a third of the price.
 */
export class RawEventStream extends EventStream implements Ticking {
  readonly signal: StopSignal;
  private readonly raw: FastifyReply['raw'];
  private readonly aborter = new Stopper();
  private readonly ticking: ReturnType<typeof tickerFor>;
  private isCommitted = false;
  private isHeadSent = false;
  /** False only for HTTP/1.0, where the end of the connection ends the body. */
  private isChunked = true;
  private isFinished = false;
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
    this.raw.writeHead(200, headerList(this.reply, headers));
    this.isChunked = this.raw.chunkedEncoding;
    this.raw.chunkedEncoding = false;
    // Headers and frames of this turn leave in one packet.
    process.nextTick(this.sendHead);
    this.quietSinceMs = performance.now();
    this.stuckSinceMs = this.quietSinceMs;
    this.ticking.ticker.add(this);
  }

  write(frames: string): Promise<void> | undefined {
    if (!this.isCommitted) this.commit({});
    if (this.raw.destroyed || this.isFinished) return undefined;
    this.wroteSinceTick = true;
    this.send(this.chunk(frames));
    return this.raw.writableLength > maxUnsentBytes ? this.drained() : undefined;
  }

  end(frames?: string): void {
    if (!this.isCommitted) this.commit({});
    if (this.isFinished) return;
    this.isFinished = true;
    if (this.raw.destroyed) return;
    this.send(this.chunk(frames ?? '') + (this.isChunked ? lastChunk : ''));
    this.raw.end();
  }

  /** Called by the shared ticker: keeps the stream alive, gives up on a reader that stopped. */
  tick(nowMs: number): void {
    if (this.raw.socket === null) {
      this.awaitTurn(nowMs);
      return;
    }
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
      this.send(this.chunk(this.options.keepAliveFrame));
    }
  }

  /** An answer whose turn on its connection has not come: its reader waits for us. That he left Node tells the others only. */
  private awaitTurn(nowMs: number): void {
    this.stuckSinceMs = nowMs;
    if (!this.raw.req.socket.destroyed) return;
    this.raw.destroy();
    this.closed();
  }

  private chunk(frames: string): string {
    return this.isChunked && frames !== '' ? `${frames.length.toString(16)}\r\n${frames}\r\n` : frames;
  }

  /**
   * The first bytes take the headers along. What follows goes to the socket itself, which is ours until the end: the
   * response would put every write off to the end of the turn and look at it from all sides before.
   */
  private send(bytes: string): void {
    const { raw } = this;
    const { socket } = raw;
    if (socket === null || !this.isHeadSent) {
      this.isHeadSent = true;
      socket?.cork();
      raw.write(bytes, 'latin1');
      socket?.uncork();
    } else if (bytes !== '') {
      socket.write(bytes, 'latin1');
    }
  }

  private readonly sendHead = (): void => {
    if (this.isHeadSent || this.raw.destroyed) return;
    this.isHeadSent = true;
    this.raw.flushHeaders();
  };

  /** One pace early rather than late: the limit is what a proxy or a CLI will bear. */
  private isDue(nowMs: number): boolean {
    return nowMs - this.quietSinceMs >= this.options.keepAliveMs - this.ticking.paceMs;
  }

  /** The socket says when it is empty; a response that still waits for its socket says so itself. */
  private drained(): Promise<void> {
    this.draining ??= new Promise((resolve) => {
      const { raw } = this;
      const { socket } = raw;
      const go = (): void => {
        raw.off('drain', go).off('close', go);
        socket?.off('drain', go);
        this.draining = undefined;
        resolve();
      };
      raw.once('drain', go).once('close', go);
      socket?.once('drain', go);
    });
    return this.draining;
  }

  private closed(): void {
    this.ticking.ticker.remove(this);
    if (!this.isFinished && !this.raw.writableFinished) this.aborter.abort();
  }
}

/** Names and values in turn, the cheapest form Node takes. What the reply or the answer says itself goes before ours. */
function headerList(reply: FastifyReply, own: Readonly<Record<string, string>>): string[] {
  const replied = repliedHeaders(reply);
  const list: string[] = [];
  for (const [name, value] of standingHeaders) if (!(name in replied) && !(name in own)) list.push(name, value);
  for (const name in replied) if (!(name in own)) list.push(name, String(replied[name]));
  for (const name in own) list.push(name, own[name] ?? '');
  return list;
}
