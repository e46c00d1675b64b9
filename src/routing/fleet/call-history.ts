import { type FailureKind } from '../../kernel/upstream-failure';
import { errorClassOf } from '../trouble/error-class';

const minuteMs = 60_000;
/** Failures that are remembered one by one; no operator's count goes beyond. */
const mostFailures = 256;
const mostLatencies = 10;

/** What one deployment did lately, in this process. Times are those of a clock that never goes back. */
export class CallHistory {
  private minuteAt = -1;
  private readonly counts = { calls: 0, failures: 0, requests: 0, tokens: 0 };
  private readonly failures: { readonly atMs: number; readonly errorClass: string | undefined }[] = [];
  private readonly latencies: { readonly atMs: number; readonly ms: number }[] = [];

  /** A call begins. */
  began(nowMs: number): void {
    this.turn(nowMs);
    this.counts.requests += 1;
  }

  /** A call ended well. */
  succeeded(nowMs: number): void {
    this.turn(nowMs);
    this.counts.calls += 1;
  }

  /** A call failed, and not by the fault of its request. */
  failed(nowMs: number, kind: FailureKind): void {
    this.turn(nowMs);
    this.counts.calls += 1;
    this.counts.failures += 1;
    if (this.failures.length >= mostFailures) this.failures.shift();
    this.failures.push({ atMs: nowMs, errorClass: errorClassOf(kind) });
  }

  used(nowMs: number, tokens: number): void {
    this.turn(nowMs);
    this.counts.tokens += tokens;
  }

  /** @param ms until the first content. */
  measured(nowMs: number, ms: number): void {
    if (this.latencies.length >= mostLatencies) this.latencies.shift();
    this.latencies.push({ atMs: nowMs, ms });
  }

  /** Average of the measurements that still count; undefined without any. */
  latencyMs(nowMs: number, ttlMs: number): number | undefined {
    let sum = 0;
    let count = 0;
    for (const { atMs, ms } of this.latencies) {
      if (atMs + ttlMs < nowMs) continue;
      sum += ms;
      count += 1;
    }
    return count === 0 ? undefined : sum / count;
  }

  /** Counts of the minute that runs. Read at once: the same object is used again. */
  minute(nowMs: number): Readonly<typeof this.counts> {
    this.turn(nowMs);
    return this.counts;
  }

  /** Failures within so many milliseconds; of one class when a kind is given. */
  failuresWithin(nowMs: number, windowMs: number, kind: FailureKind | undefined): number {
    const wanted = kind === undefined ? undefined : errorClassOf(kind);
    return this.failures.filter(
      ({ atMs, errorClass }) => atMs > nowMs - windowMs && (kind === undefined || errorClass === wanted),
    ).length;
  }

  private turn(nowMs: number): void {
    const at = Math.floor(nowMs / minuteMs);
    if (at === this.minuteAt) return;
    this.minuteAt = at;
    Object.assign(this.counts, { calls: 0, failures: 0, requests: 0, tokens: 0 });
  }
}
