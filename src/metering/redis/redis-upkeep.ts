import { type JournaledSettler } from '../journaled-settler';
import { type TicketWatch, unlessAway } from '../ticket-watch';
import { type ProcessLease } from './process-lease';
import { type Reaper } from './reaper';
import { type TicketAudit } from './ticket-audit';

/** What is kept up. */
export interface UpkeepParts {
  readonly lease: ProcessLease;
  readonly watch: TicketWatch;
  readonly settler: JournaledSettler;
  readonly reaper: Reaper;
  readonly audit: TicketAudit;
}

/** Whatever has to be done again and again while books are in Redis, one thing after the other. */
export class RedisUpkeep {
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly parts: UpkeepParts) {}

  start(everyMs: number): void {
    this.timer = setInterval(() => {
      void this.round();
    }, everyMs).unref();
  }

  /** One round, or the one that is under way. Never fails for a state that is away. */
  round(): Promise<void> {
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
    return this.working;
  }

  /** Says what is left to say, and that this process ends. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.working;
    const { watch, settler, lease } = this.parts;
    await watch.tick();
    await settler.replay();
    await settler.close();
    await lease.end();
  }

  private async work(): Promise<void> {
    const { lease, watch, settler, reaper, audit } = this.parts;
    await lease.beat();
    await watch.tick();
    await settler.replay();
    await reaper.round().catch(unlessAway);
    await audit.round().catch(unlessAway);
  }
}
