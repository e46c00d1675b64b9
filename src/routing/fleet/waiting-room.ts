import { type StopSignal } from '../../kernel/stop-signal';

interface Waiter {
  readonly wake: () => void;
}

/** Where calls wait for a deployment: one line for those who wait for the same ones, first come first served. */
export class WaitingRoom {
  private readonly lines = new Map<string, Waiter[]>();

  /** Nobody waits for anything. */
  get isEmpty(): boolean {
    return this.lines.size === 0;
  }

  /** Somebody waits for the same already: who comes now stands behind. */
  hasLine(line: string): boolean {
    return this.lines.has(line);
  }

  /** Something became free, nobody knows for whom: the first of every line looks. */
  changed(): void {
    if (this.lines.size === 0) return;
    for (const [first] of this.lines.values()) first?.wake();
  }

  /**
   * Waits in line. `look` is asked whenever there may be something, of the first in line only.
   *
   * @param look what was found, or after how many milliseconds it is worth another look by itself.
   * @returns what was found; undefined when the time is up.
   * @throws the signal's reason.
   */
  async wait<T>(
    line: string,
    limitMs: number,
    signal: StopSignal,
    look: () => { readonly found: T } | { readonly againMs: number | undefined },
  ): Promise<T | undefined> {
    const endsAtMs = performance.now() + limitMs;
    const place = this.joined(line);
    try {
      for (;;) {
        signal.throwIfAborted();
        const seen = this.isFirst(line, place) ? look() : { againMs: undefined };
        if ('found' in seen) return seen.found;
        const leftMs = endsAtMs - performance.now();
        if (leftMs <= 0) return undefined;
        await place.next(Math.min(leftMs, seen.againMs ?? leftMs), signal);
      }
    } finally {
      this.leave(line, place);
    }
  }

  private joined(name: string): Place {
    const place = new Place();
    const line = this.lines.get(name);
    if (line === undefined) this.lines.set(name, [place]);
    else line.push(place);
    return place;
  }

  private isFirst(name: string, place: Place): boolean {
    return this.lines.get(name)?.[0] === place;
  }

  private leave(name: string, place: Place): void {
    const rest = (this.lines.get(name) ?? []).filter((each) => each !== place);
    if (rest.length === 0) this.lines.delete(name);
    else this.lines.set(name, rest);
    rest[0]?.wake();
  }
}

/** One caller's place in a line. */
class Place implements Waiter {
  private waking: (() => void) | undefined;
  private wasCalled = false;

  readonly wake = (): void => {
    this.wasCalled = true;
    this.waking?.();
  };

  /** Settles when woken, when the time is up, or when the signal ends the wait. Never rejects. */
  async next(ms: number, signal: StopSignal): Promise<void> {
    if (!this.wasCalled) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', go);
          this.waking = undefined;
          resolve();
        };
        const timer = setTimeout(go, Math.max(ms, 1));
        this.waking = go;
        signal.addEventListener('abort', go);
      });
    }
    this.wasCalled = false;
  }
}
