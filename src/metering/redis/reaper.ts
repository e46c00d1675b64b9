import { type Clock } from '../../kernel/clock';
import { type Observer } from '../../kernel/observer';
import { estimatedRow } from '../machine/estimated-row';
import { type Ticket } from '../machine/meter-state';
import { rowFromText } from '../machine/row-text';
import { settleRow } from '../settler';
import { type ProcessLease } from './process-lease';
import { type RedisEngine } from './redis-engine';

/** What a reaper is made of. */
export interface ReaperParts {
  readonly engine: RedisEngine;
  readonly lease: ProcessLease;
  readonly clock: Clock;
  readonly observer: Observer;
}

/**
 * Settles the tickets of processes that died, and those that are past their deadline: from their last checkpoint, as
 * estimated, and replaceable by the owner should it live after all. Every process has one; what two of them do at the same
 * time is done once.
 */
export class Reaper {
  constructor(private readonly parts: ReaperParts) {}

  /** One look. @returns tickets that were settled. @throws {StateUnavailable} */
  async round(): Promise<number> {
    const { lease, engine, clock, observer } = this.parts;
    if (!lease.isSound) return 0;
    const startedMs = clock.monotonicMs();
    const lapsed = new Set(await lease.lapsed());
    let tickets = 0;
    for (const owner of await lease.all()) {
      const untilMs = lapsed.has(owner) ? Number.POSITIVE_INFINITY : engine.nowMs();
      for await (const piece of engine.reads.ticketsOf(owner, untilMs))
        for (const ticket of piece) tickets += await this.reap(ticket);
      if (lapsed.has(owner)) await lease.strike(owner);
    }
    if (tickets > 0) observer.reaped({ tickets, durationMs: clock.monotonicMs() - startedMs });
    return tickets;
  }

  private async reap({ draft, held }: Ticket): Promise<number> {
    const { engine, clock, observer } = this.parts;
    const startedMs = clock.monotonicMs();
    const row = estimatedRow(rowFromText(draft), engine.nowMs());
    if ((await settleRow(engine, row, true)) !== 'settled') return 0;
    const durationMs = clock.monotonicMs() - startedMs;
    observer.ticketSettled({ kind: 'reaped', holdNanos: held.nano_usd, costNanos: row.spend, durationMs });
    return 1;
  }
}
