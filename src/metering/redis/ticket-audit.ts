import { type Clock } from '../../kernel/clock';
import { type Settler } from '../settler';
import { type TicketWatch } from '../ticket-watch';
import { type RedisEngine } from './redis-engine';

/**
 * For how many heartbeats a ticket is missed before it is taken back. With two, a look of the timer lies in between: one
 * look may fall into the admission of a ticket and the next into its settlement.
 */
const missedBeats = 2;

/** What the audit is made of. */
export interface AuditParts {
  readonly engine: Pick<RedisEngine, 'void'> & { readonly reads: Pick<RedisEngine['reads'], 'ticketIds'> };
  readonly watch: Pick<TicketWatch, 'owner' | 'has'>;
  readonly settler: Pick<Settler, 'has'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Between two looks of the timer; far longer than a command may take. */
  readonly heartbeatMs: number;
}

/**
 * Finds tickets that the state ascribes to this process and that it knows nothing of: their admission was answered too late,
 * after it had been given up and taken back. Each must be missed in all looks of a while, so that one that is just being
 * settled is left alone; the number of looks says nothing, since a Redis that came back is looked at out of turn.
 */
export class TicketAudit {
  /** Ticket → when it was first missed, on the monotonic clock. */
  private missed: ReadonlyMap<string, number> = new Map();

  constructor(private readonly parts: AuditParts) {}

  /** One look. @returns tickets that were taken back. @throws {StateUnavailable} */
  async round(): Promise<number> {
    const { engine, watch, settler, clock, heartbeatMs } = this.parts;
    const ids = await engine.reads.ticketIds(watch.owner);
    const nowMs = clock.monotonicMs();
    const strange = ids.filter((id) => !watch.has(id) && !settler.has(id));
    // What was known in between begins anew.
    this.missed = new Map(strange.map((id) => [id, this.missed.get(id) ?? nowMs]));
    const taken = [...this.missed].filter(([, sinceMs]) => nowMs - sinceMs >= missedBeats * heartbeatMs);
    for (const [id] of taken) await engine.void(id);
    return taken.length;
  }
}
