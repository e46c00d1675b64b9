import { type Settler } from '../settler';
import { type TicketWatch } from '../ticket-watch';
import { type RedisEngine } from './redis-engine';

/**
 * Finds tickets that the state ascribes to this process and that it knows nothing of: their admission was answered too late,
 * after it had been given up and taken back. Each must be missed in two looks, so that one that is just being settled is
 * left alone.
 */
export class TicketAudit {
  private missed: ReadonlySet<string> = new Set();

  constructor(
    private readonly engine: RedisEngine,
    private readonly watch: TicketWatch,
    private readonly settler: Settler,
  ) {}

  /** One look. @returns tickets that were taken back. @throws {StateUnavailable} */
  async round(): Promise<number> {
    const ids = await this.engine.reads.ticketIds(this.watch.owner);
    const strange = ids.filter((id) => !this.watch.has(id) && !this.settler.has(id));
    const taken = strange.filter((id) => this.missed.has(id));
    this.missed = new Set(strange);
    for (const id of taken) await this.engine.void(id);
    return taken.length;
  }
}
