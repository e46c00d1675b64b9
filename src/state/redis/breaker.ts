/** A failure weighs two, a success takes one off: it opens at five failures in a row, or where more than a third fail for long. */
const strainToOpen = 10;
const strainOfFailure = 2;
/** Answers in a row after which a server is trusted again. */
const trustToClose = 3;
/** Between two probes of a server that was given up, milliseconds. */
export const probeEveryMs = 500;

/**
 * Spares callers the wait for a server that does not answer. It opens and closes at different marks, so that a server that
 * answers now and then is not given up and taken back with every call: while open two calls a second go through, and each
 * that is answered lets the next one go at once.
 */
export class Breaker {
  private strain = 0;
  private trust = 0;
  private nextProbeMs = 0;
  private opened = false;

  get isOpen(): boolean {
    return this.opened;
  }

  /** @param nowMs monotonic. @returns whether this call may go. */
  admits(nowMs: number): boolean {
    if (!this.opened) return true;
    if (nowMs < this.nextProbeMs) return false;
    this.nextProbeMs = nowMs + probeEveryMs;
    return true;
  }

  succeeded(): void {
    if (!this.opened) {
      this.strain = Math.max(0, this.strain - 1);
      return;
    }
    this.trust += 1;
    this.nextProbeMs = 0;
    if (this.trust < trustToClose) return;
    this.opened = false;
    this.strain = 0;
  }

  /** @param nowMs monotonic. */
  failed(nowMs: number): void {
    this.trust = 0;
    this.strain = Math.min(strainToOpen, this.strain + strainOfFailure);
    if (this.strain < strainToOpen) return;
    this.opened = true;
    this.nextProbeMs = nowMs + probeEveryMs;
  }

  /** There is a new connection: it is worth a try at once. */
  reconnected(): void {
    this.nextProbeMs = 0;
  }
}
