import { type Clock } from '../kernel/clock';
import { type Observer } from '../kernel/observer';
import { StateUnavailable } from '../state/state-unavailable';
import { type LedgerRow } from './ledger-row';
import { rowText } from './machine/row-text';
import { type MeterEngine, type PinNote, type TicketNote } from './meter-engine';

/** Drafts that go in one command. */
const draftsAtOnce = 200;

/**
 * The tickets of this process, and what is told of them without waiting: notes of one turn of the event loop go together,
 * checkpoints and tickets to take back with the beat of `tick`.
 */
export class TicketWatch {
  /** Ticket → nano-dollars set aside. */
  private readonly open = new Map<string, number>();
  private readonly drafts = new Map<string, LedgerRow>();
  /** Ticket → nano-dollars set aside. */
  private readonly toVoid = new Map<string, number>();
  private readonly listeners: (() => void)[] = [];
  private assignments: TicketNote[] = [];
  private pins: PinNote[] = [];
  private isNoting = false;

  /** @param owner name of this process among those that share the state; never used before. */
  constructor(
    private readonly engine: MeterEngine,
    readonly owner: string,
    private readonly clock: Clock,
    private readonly observer: Pick<Observer, 'ticketSettled'>,
  ) {}

  /** Live tickets of this process. */
  get size(): number {
    return this.open.size;
  }

  has(ticketId: string): boolean {
    return this.open.has(ticketId);
  }

  opened(ticketId: string, nanos: number): void {
    this.open.set(ticketId, nanos);
  }

  extended(ticketId: string, nanos: number): void {
    const held = this.open.get(ticketId);
    if (held !== undefined) this.open.set(ticketId, held + nanos);
  }

  /** @returns nano-dollars that were set aside; 0 for a ticket of another process. */
  closed(ticketId: string): number {
    const held = this.open.get(ticketId) ?? 0;
    this.open.delete(ticketId);
    this.drafts.delete(ticketId);
    return held;
  }

  assign(ticketId: string, deploymentId: string): void {
    this.assignments.push({ ticketId, value: deploymentId });
    this.noteSoon();
  }

  pin(pin: string, value: string, ttlMs: number): void {
    this.pins.push({ pin, value, ttlMs });
    this.noteSoon();
  }

  /** @param listener called at every beat, before what has gathered is sent. */
  onBeat(listener: () => void): void {
    this.listeners.push(listener);
  }

  checkpoint(row: LedgerRow): void {
    if (this.open.has(row.id)) this.drafts.set(row.id, row);
  }

  void(ticketId: string): void {
    this.toVoid.set(ticketId, this.closed(ticketId));
    void this.sendVoids();
  }

  /** Sends what has gathered. Never fails: what does not arrive goes with the next beat, or is not worth it. */
  async tick(): Promise<void> {
    await this.sendVoids();
    for (const listener of this.listeners) listener();
    const drafts = [...this.drafts.values()].map((row) => ({ ticketId: row.id, value: rowText(row) }));
    this.drafts.clear();
    for (let at = 0; at < drafts.length; at += draftsAtOnce)
      await this.engine.checkpoint(drafts.slice(at, at + draftsAtOnce)).catch(unlessAway);
  }

  private async sendVoids(): Promise<void> {
    for (const [ticketId, holdNanos] of this.toVoid) {
      const startedMs = this.clock.monotonicMs();
      try {
        const wasThere = await this.engine.void(ticketId);
        this.toVoid.delete(ticketId);
        const durationMs = this.clock.monotonicMs() - startedMs;
        if (wasThere) this.observer.ticketSettled({ kind: 'void', holdNanos, costNanos: 0, durationMs });
      } catch (error) {
        unlessAway(error);
        return;
      }
    }
  }

  private noteSoon(): void {
    if (this.isNoting) return;
    this.isNoting = true;
    setImmediate(() => {
      const [assignments, pins] = [this.assignments, this.pins];
      [this.assignments, this.pins, this.isNoting] = [[], [], false];
      this.engine.note(assignments, pins).catch(unlessAway);
    });
  }
}

/** The state is away: what was told is lost, and what matters is told again. */
export function unlessAway(error: unknown): void {
  if (!(error instanceof StateUnavailable)) throw error;
}
