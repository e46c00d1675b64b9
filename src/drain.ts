import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type TimeLimits } from './config/time-limits';
import { type Lifecycle } from './http/lifecycle';
import { shuttingDown } from './kernel/errors';
import { RunningCalls } from './serving/running-calls';
import { GatewayLogger } from './telemetry/logger';

/** Long enough for a client to be told, short against any grace period; milliseconds. */
const farewellMs = 2_000;
/** For writing down what must last, when streams took the whole deadline; milliseconds. */
const closingMs = 5_000;
/** A connection on which nobody ever asked anything counts as busy to Node and would hold the closing up; milliseconds. */
const silentMs = 500;

/** Waits of a drain. */
export type DrainTimes = Pick<TimeLimits, 'drainMs' | 'drainDelayMs'>;

/**
 * The end of a serving process, within one deadline: no longer ready, then no new work, then what runs is finished, then
 * the rest is told the truth, then everything is written down and closed.
 */
export class Drain {
  private ending: Promise<void> | undefined;
  private hurried = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly app: NestFastifyApplication,
    private readonly lifecycle: Lifecycle,
    private readonly times: DrainTimes,
  ) {}

  /**
   * Drains and closes; a second call waits for the first.
   *
   * @param handsOver another process serves on behind the same port: the door closes at once and nobody has to notice.
   * @throws {Error} when the rooms could not be closed in time: something may not have been written down.
   */
  stop(handsOver = false): Promise<void> {
    this.ending ??= this.run(handsOver);
    return this.ending;
  }

  /** Ends what still runs now, with the same error as at the deadline. Begins the drain if nobody did. */
  hurry(): Promise<void> {
    this.hurried = true;
    this.wake();
    return this.stop();
  }

  private async run(handsOver: boolean): Promise<void> {
    const { lifecycle, app } = this;
    const { drainMs, drainDelayMs } = this.times;
    const untilMs = performance.now() + drainMs;
    const logger = app.get(GatewayLogger);
    lifecycle.leaveSoon();
    logger.event('info', 'ending: no longer ready', { inFlight: lifecycle.inFlight, deadlineMs: drainMs });
    if (handsOver) app.getHttpServer().close();
    else await this.within(Math.min(drainDelayMs, drainMs), new Promise(() => undefined));
    lifecycle.drain();
    // Who comes back on such a connection would only be refused; a new one goes to a process that is ready.
    app.getHttpServer().closeIdleConnections();
    const calls = app.get(RunningCalls);
    const finished = await this.within(untilMs - performance.now(), allOver(lifecycle, calls));
    const cut = finished ? 0 : calls.count;
    if (!finished) await this.bidFarewell(calls);
    logger.event(cut > 0 ? 'warn' : 'info', 'ended: closing', { callsCut: cut });
    const closed = app.close().then(() => true);
    // Every answer is out by now, or was given up.
    const silent = setTimeout(() => {
      app.getHttpServer().closeAllConnections();
    }, silentMs);
    const isClosed = await before(Math.max(closingMs, untilMs - performance.now()), closed);
    clearTimeout(silent);
    if (!isClosed) {
      throw new Error('the state could not be closed in time; what was not written down is settled by another process');
    }
  }

  private async bidFarewell(calls: RunningCalls): Promise<void> {
    calls.endAll(shuttingDown(1_000));
    await before(farewellMs, allOver(this.lifecycle, calls));
    this.app.getHttpServer().closeAllConnections();
  }

  /** @returns whether `work` ended before the time was up or somebody hurried. */
  private async within(ms: number, work: Promise<void>): Promise<boolean> {
    if (this.hurried || ms <= 0) return before(0, work);
    const hurry = new Promise<boolean>((resolve) => {
      this.wake = () => {
        resolve(false);
      };
    });
    return before(ms, work, hurry);
  }
}

/** Nobody waits for an answer, and the books of every call are closed. */
async function allOver(lifecycle: Lifecycle, calls: RunningCalls): Promise<void> {
  await lifecycle.drained();
  await calls.allSettled();
}

async function before(ms: number, work: Promise<unknown>, other?: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, ms);
  });
  try {
    return await Promise.race([work.then(() => true), late, ...(other === undefined ? [] : [other])]);
  } finally {
    clearTimeout(timer);
  }
}
