/** Failures in a row after which nobody is sent to a server that does not answer. */
const failuresToOpen = 5;
/** Between two probes of a server that was given up, milliseconds. */
const probeEveryMs = 1_000;

/** Spares callers the wait for a server that does not answer: after five failures in a row one call a second goes through. */
export class Breaker {
  private failures = 0;
  private nextProbeMs = 0;

  get isOpen(): boolean {
    return this.failures >= failuresToOpen;
  }

  /** @param nowMs monotonic. @returns whether this call may go. Of an open breaker one a second may. */
  admits(nowMs: number): boolean {
    if (!this.isOpen) return true;
    if (nowMs < this.nextProbeMs) return false;
    this.nextProbeMs = nowMs + probeEveryMs;
    return true;
  }

  succeeded(): void {
    this.failures = 0;
  }

  /** @param nowMs monotonic. */
  failed(nowMs: number): void {
    this.failures += 1;
    if (this.failures === failuresToOpen) this.nextProbeMs = nowMs + probeEveryMs;
  }
}
