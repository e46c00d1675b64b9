/** Something that wants to know, now and then, that time has passed. */
export interface Ticking {
  /** `nowMs` is monotonic. Must not throw. */
  tick(nowMs: number): void;
}

/**
 * One timer for all streams that want the same pace. A write then only sets a flag, where a timer of its own would have
 * to be moved thousands of times a second. Runs only while somebody listens, and never keeps the process alive.
 */
class StreamTicker {
  private readonly members = new Set<Ticking>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly paceMs: number) {}

  add(member: Ticking): void {
    this.members.add(member);
    this.timer ??= setInterval(() => {
      this.tickAll();
    }, this.paceMs).unref();
  }

  remove(member: Ticking): void {
    this.members.delete(member);
  }

  /** A round with nobody in it stops the timer: stopping it with every last stream would start it anew with the next. */
  private tickAll(): void {
    if (this.members.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
      return;
    }
    const nowMs = performance.now();
    for (const one of this.members) one.tick(nowMs);
  }
}

const tickers = new Map<number, StreamTicker>();

/** The shared ticker that is fine enough for a limit of `shortestMs`: an eighth of it, 5 ms to 1 s. */
export function tickerFor(shortestMs: number): {
  readonly ticker: Pick<StreamTicker, 'add' | 'remove'>;
  readonly paceMs: number;
} {
  const paceMs = Math.min(1_000, Math.max(5, 2 ** Math.floor(Math.log2(Math.max(1, shortestMs / 8)))));
  let ticker = tickers.get(paceMs);
  if (ticker === undefined) {
    ticker = new StreamTicker(paceMs);
    tickers.set(paceMs, ticker);
  }
  return { ticker, paceMs };
}
