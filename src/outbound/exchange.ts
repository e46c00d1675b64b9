import { type Dispatcher } from 'undici';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { bodyTimeout, connectTimeout, headersTimeout, networkFailure } from './network-failure';
import { type OutboundRequest, type OutboundResponse, type Taken } from './outbound';

/** Bytes that may wait for the reader before the socket is paused. */
const pauseAboveBytes = 256 * 1024;

/**
 * Chunks that arrive together are handed over together, once all of them were read: by a promise that is fulfilled long ago,
 * which is the cheapest way to the end of this turn.
 */
const endOfRead = Promise.resolve();

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** Who is handed the chunks, and who waits for the end of it. */
interface Reading extends Waiter<void> {
  readonly take: (chunk: Buffer) => Taken;
}

/**
 * One request and its answer: the callbacks that undici drives on one side, the `OutboundResponse` on the other.
 *
 * Goes asking → answering → ended, or to broken from either; what came before a break is still delivered.
 */
export class Exchange implements Dispatcher.DispatchHandler, OutboundResponse {
  status = 0;
  headers: Readonly<Record<string, string>> = {};

  private state: 'asking' | 'answering' | 'ended' | 'broken' = 'asking';
  private controller: Dispatcher.DispatchController | undefined;
  private opening: Waiter<OutboundResponse> | undefined;
  private reader: Waiter<readonly Buffer[] | undefined> | undefined;
  private reading: Reading | undefined;
  /** The reading has asked to wait. */
  private isHeld = false;
  /** What has gathered is handed over at the end of this read. */
  private isDue = false;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isUnread = false;
  private failure: unknown;
  private timer: NodeJS.Timeout | undefined;

  private readonly signal: OutboundRequest['signal'];
  private readonly connectMs: number | undefined;
  private readonly headersMs: number;

  /** Keeps nothing of the body: an answer may run for an hour, and the question can be megabytes. */
  constructor({ signal, connectMs, headersMs }: OutboundRequest) {
    this.signal = signal;
    this.connectMs = connectMs;
    this.headersMs = headersMs;
  }

  /** Starts the clocks and hands this to `dispatch`. Call once. */
  open(dispatch: (handler: Exchange) => void): Promise<OutboundResponse> {
    const { signal, connectMs, headersMs } = this;
    return new Promise((resolve, reject) => {
      this.opening = { resolve, reject };
      if (signal?.aborted === true) {
        this.onAbort();
        return;
      }
      signal?.addEventListener('abort', this.onAbort);
      if (connectMs !== undefined && connectMs < headersMs) this.arm(connectMs, connectTimeout);
      else this.arm(headersMs, headersTimeout);
      dispatch(this);
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.state === 'broken') controller.abort(cancelled());
    else if (this.connectMs !== undefined) this.arm(this.headersMs, headersTimeout);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.state !== 'asking') return;
    clearTimeout(this.timer);
    this.state = 'answering';
    this.status = status;
    this.headers = flat(headers);
    // They are slices of the first chunk, which would be kept for as long as the answer runs.
    controller.rawHeaders = null;
    this.opening?.resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.state !== 'answering' || this.isUnread) return;
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.reader !== undefined || this.reading !== undefined) this.handSoon();
    if (this.waitingBytes > pauseAboveBytes) controller.pause();
  }

  onResponseEnd(): void {
    if (this.state !== 'answering') return;
    this.state = 'ended';
    this.letGo();
    this.handSoon();
  }

  onResponseError(_: unknown, error: Error): void {
    if ('code' in error && error.code === 'UND_ERR_INVALID_ARG') this.fail(error);
    else this.fail(networkFailure(error, this.state === 'asking' ? 'before_answer' : 'during_answer'));
  }

  next(): Promise<readonly Buffer[] | undefined> {
    if (this.waiting.length > 0) return Promise.resolve(this.take());
    if (this.state === 'ended') return Promise.resolve(undefined);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an abort reason is passed on as it came
    if (this.state === 'broken') return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  each(take: (chunk: Buffer) => Taken): Promise<void> {
    return new Promise((resolve, reject) => {
      this.reading = { take, resolve, reject };
      this.readOn();
    });
  }

  async text(limitBytes: number, withinMs: number): Promise<string> {
    const kept: Buffer[] = [];
    let room = limitBytes;
    this.arm(withinMs, bodyTimeout);
    try {
      for (let chunks = await this.next(); chunks !== undefined; chunks = await this.next()) {
        for (const chunk of chunks) {
          kept.push(chunk.subarray(0, room));
          room -= Math.min(room, chunk.length);
        }
        if (room === 0) break;
      }
    } finally {
      this.cancel();
      clearTimeout(this.timer);
    }
    return Buffer.concat(kept).toString('utf8');
  }

  release(withinMs: number): void {
    if (this.state === 'ended' || this.state === 'broken') return;
    this.isUnread = true;
    this.take();
    this.arm(withinMs, bodyTimeout);
  }

  cancel(): void {
    this.giveUp(cancelled());
  }

  private readonly onAbort = (): void => {
    this.giveUp(this.signal?.reason);
  };

  /** What was not handed over yet never will be, also when it is all that was left of the body. */
  private giveUp(reason: unknown): void {
    this.waiting = [];
    this.isHeld = false;
    if (this.state === 'ended' && this.reading !== undefined) {
      this.state = 'broken';
      this.failure = reason;
      this.endReading();
    }
    this.fail(reason);
  }

  private fail(error: unknown): void {
    if (this.state === 'ended' || this.state === 'broken') return;
    this.state = 'broken';
    this.failure = error;
    this.letGo();
    if (this.controller?.aborted === false) this.controller.abort(cancelled());
    this.opening?.reject(error);
    if (this.waiting.length === 0) this.handOver();
  }

  private handSoon(): void {
    if (this.isDue) return;
    this.isDue = true;
    void endOfRead.then(this.handOver);
  }

  private readonly handOver = (): void => {
    this.isDue = false;
    const { reader } = this;
    if (reader === undefined) {
      this.readOn();
      return;
    }
    if (this.waiting.length === 0 && this.state === 'answering') return;
    this.reader = undefined;
    if (this.waiting.length > 0) reader.resolve(this.take());
    else if (this.state === 'broken') reader.reject(this.failure);
    else reader.resolve(undefined);
  };

  /** Hands down what has gathered and lets the socket go on, unless the reader rests. */
  private readOn(): void {
    if (this.reading === undefined || this.isHeld) return;
    if (this.waiting.length > 0 && !this.gave(this.reading)) return;
    if (this.state === 'ended' || this.state === 'broken') this.endReading();
  }

  /** @returns whether the reader may be given more at once. What it throws is the end of the call. */
  private gave(reading: Reading): boolean {
    try {
      const taken = reading.take(joined(this.take()));
      if (taken === undefined) return true;
      if (taken === false) this.endReading();
      else this.hold(taken);
    } catch (error) {
      this.giveUp(error);
    }
    return false;
  }

  private hold(rest: Promise<void>): void {
    this.isHeld = true;
    this.controller?.pause();
    rest.then(
      () => {
        this.isHeld = false;
        this.controller?.resume();
        this.readOn();
      },
      (error: unknown) => {
        this.giveUp(error);
      },
    );
  }

  private endReading(): void {
    const { reading } = this;
    this.reading = undefined;
    if (this.state === 'broken') reading?.reject(this.failure);
    else reading?.resolve();
  }

  private take(): readonly Buffer[] {
    const chunks = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    if (this.controller?.paused === true) this.controller.resume();
    return chunks;
  }

  private arm(ms: number, failure: (ms: number) => UpstreamFailure): void {
    clearTimeout(this.timer);
    if (this.state === 'ended' || this.state === 'broken') return;
    this.timer = setTimeout(() => {
      this.fail(failure(ms));
    }, ms);
  }

  private letGo(): void {
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.onAbort);
  }
}

function cancelled(): UpstreamFailure {
  return new UpstreamFailure({ kind: 'client_gone', message: 'The upstream call was cancelled.' });
}

/** An event that is cut between two chunks costs its reader more than the copy. */
function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

/** The object is undici's own and fresh, so it is only changed where a header was repeated. */
function flat(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'object') headers[name] = value.join(', ');
  }
  return headers as Record<string, string>;
}
