import { type Clock } from '../../kernel/clock';

/** The time of the server, carried on by the monotonic clock between two measurements. */
export class RedisTime {
  private sample: { readonly serverMs: number; readonly monotonicMs: number } | undefined;

  constructor(private readonly clock: Clock) {}

  /** Unix milliseconds, an integer; the local clock until the first measurement. */
  nowMs(): number {
    if (this.sample === undefined) return this.clock.nowMs();
    return Math.round(this.sample.serverMs + (this.clock.monotonicMs() - this.sample.monotonicMs));
  }

  /** @param reply of `TIME`: seconds and microseconds. The server read its clock about half-way of the round trip. */
  learn(reply: readonly unknown[], startedMs: number): void {
    const [seconds, microseconds] = reply.map(Number);
    const serverMs = (seconds ?? Number.NaN) * 1_000 + (microseconds ?? Number.NaN) / 1_000;
    if (!Number.isFinite(serverMs)) return;
    const endedMs = this.clock.monotonicMs();
    this.sample = { serverMs: serverMs + (endedMs - startedMs) / 2, monotonicMs: endedMs };
  }
}
