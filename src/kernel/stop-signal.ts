/** What `AbortSignal` shows of itself to those who obey it; any `AbortSignal` will do. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
  /** @throws the reason. */
  throwIfAborted(): void;
}

/**
 * An abort controller that is its own signal. The platform's pair is an event target with weak references and garbage
 * collection hooks, and two of them are made for every request: this one costs a hundredth.
 */
export class Stopper implements StopSignal {
  private isAborted = false;
  private why: unknown;
  private readonly listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.isAborted;
  }

  get reason(): unknown {
    return this.why;
  }

  /** Only the first call counts. Listeners run at once, each at most once. */
  abort(reason?: unknown): void {
    if (this.isAborted) return;
    this.isAborted = true;
    this.why = reason ?? new Error('stopped');
    for (const listener of this.listeners.splice(0)) listener();
  }

  addEventListener(_: 'abort', listener: () => void): void {
    if (!this.isAborted) this.listeners.push(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    const at = this.listeners.indexOf(listener);
    if (at !== -1) this.listeners.splice(at, 1);
  }

  throwIfAborted(): void {
    if (this.isAborted) throw this.why;
  }
}
