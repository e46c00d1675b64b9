import { type Dispatcher } from 'undici';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { bodyTimeout, connectTimeout, headersTimeout, networkFailure } from './network-failure';
import { type OutboundRequest, type OutboundResponse, type Taken } from './outbound';

/** Bytes that may wait for the reader before the socket is paused. */
const pauseAboveBytes = 256 * 1024;

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
        this.giveUp();
        return;
      }
      signal?.addEventListener('abort', this.giveUp);
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
    this.headers = joined(headers);
    // They are slices of the first chunk, which would be kept for as long as the answer runs.
    controller.rawHeaders = null;
    this.opening?.resolve(this);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.state !== 'answering' || this.isUnread) return;
    if (this.reading !== undefined && !this.isHeld) {
      this.give(this.reading, chunk);
      return;
    }
    const { reader } = this;
    if (reader !== undefined && this.waiting.length === 0) {
      this.reader = undefined;
      // Delivery waits for the end of this read, so that chunks which arrive together leave together.
      this.waiting.push(chunk);
      this.waitingBytes = chunk.length;
      queueMicrotask(() => {
        reader.resolve(this.take());
      });
      return;
    }
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes > pauseAboveBytes) controller.pause();
  }

  onResponseEnd(): void {
    if (this.state !== 'answering') return;
    this.state = 'ended';
    this.letGo();
    this.reader?.resolve(undefined);
    this.reader = undefined;
    if (!this.isHeld) this.endReading();
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
    if (this.state === 'ended' || this.state === 'broken') return;
    this.waiting = [];
    this.fail(cancelled());
  }

  private readonly giveUp = (): void => {
    this.waiting = [];
    this.fail(this.signal?.reason);
  };

  private fail(error: unknown): void {
    if (this.state === 'ended' || this.state === 'broken') return;
    this.state = 'broken';
    this.failure = error;
    this.letGo();
    if (this.controller?.aborted === false) this.controller.abort(cancelled());
    this.opening?.reject(error);
    this.reader?.reject(error);
    this.reader = undefined;
    if (this.waiting.length === 0) this.endReading();
  }

  /** Hands down one chunk; what the reader throws is the end of the call. */
  private give(reading: Reading, chunk: Buffer): void {
    let taken: Taken;
    try {
      taken = reading.take(chunk);
    } catch (error) {
      this.waiting = [];
      this.reading = undefined;
      this.fail(error);
      reading.reject(error);
      return;
    }
    if (taken === undefined) return;
    if (taken === false) {
      this.reading = undefined;
      reading.resolve();
      return;
    }
    this.isHeld = true;
    this.controller?.pause();
    taken.then(
      () => {
        this.isHeld = false;
        this.readOn();
      },
      (error: unknown) => {
        this.waiting = [];
        this.fail(error);
      },
    );
  }

  /** Hands down what has gathered, and lets the socket go on, unless the reader asks to wait again. */
  private readOn(): void {
    const { reading } = this;
    if (reading === undefined) return;
    if (this.waiting.length > 0) this.give(reading, Buffer.concat(this.waiting.splice(0)));
    this.waitingBytes = 0;
    if (this.isHeld) return;
    if (this.state === 'ended' || this.state === 'broken') this.endReading();
    else if (this.controller?.paused === true) this.controller.resume();
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
    this.signal?.removeEventListener('abort', this.giveUp);
  }
}

function cancelled(): UpstreamFailure {
  return new UpstreamFailure({ kind: 'client_gone', message: 'The upstream call was cancelled.' });
}

/** The object is undici's own and fresh, so it is only changed where a header was repeated. */
function joined(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'object') headers[name] = value.join(', ');
  }
  return headers as Record<string, string>;
}
