import { type Clock } from '../kernel/clock';
import { type SettleKind } from '../kernel/observations';
import { type Observer } from '../kernel/observer';
import { type LedgerRow } from './ledger-row';
import { postingOf } from './machine/posting';
import { rowFromText, rowText } from './machine/row-text';
import { type MeterEngine } from './meter-engine';

/** How often a row that others correct at the same time is tried. */
const mostTries = 10;

/** What a settlement came to. */
export type SettleOutcome = Extract<SettleKind, 'settled' | 'late'> | 'repeated' | 'gone';

/** Where rows go that their tickets are closed with. */
export abstract class Settler {
  /** Rows that are written down and wait for the state. */
  abstract readonly waiting: number;
  /** Whether the row of this ticket is among them. */
  abstract has(ticketId: string): boolean;
  /** @param holdNanos what was set aside, for the metrics. @throws {StateUnavailable} when nothing can be written down. */
  abstract settle(row: LedgerRow, holdNanos: number): Promise<void>;
  /** Where rows are written down they are written down first, and the state is told without being waited for. */
  abstract settleLater(row: LedgerRow): Promise<void>;
}

/** Straight into the state. */
export class DirectSettler extends Settler {
  override readonly waiting = 0;

  constructor(
    private readonly engine: MeterEngine,
    private readonly clock: Clock,
    private readonly observer: Observer,
  ) {
    super();
  }

  override has(): boolean {
    return false;
  }

  override settleLater(row: LedgerRow): Promise<void> {
    return this.settle(row, 0);
  }

  override async settle(row: LedgerRow, holdNanos: number): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    const outcome = await settleRow(this.engine, row);
    if (outcome === 'repeated' || outcome === 'gone') return;
    const kind = outcome === 'late' ? outcome : row.quality === 'exact' ? 'settled' : 'estimated';
    const durationMs = this.clock.monotonicMs() - startedMs;
    this.observer.ticketSettled({ kind, holdNanos, costNanos: row.spend, durationMs });
  }
}

/**
 * Closes a ticket with its row. Where the ticket was given up meanwhile, the provisional row is replaced, marked late.
 *
 * @throws {StateUnavailable}
 */
export async function settleRow(engine: MeterEngine, row: LedgerRow, isProvisional = false): Promise<SettleOutcome> {
  const ticketId = row.id;
  const command = { ticketId, text: rowText(row), posting: postingOf(row), isProvisional };
  for (let tries = 0; tries < mostTries; tries += 1) {
    const reply = await engine.settle(command);
    if (reply.kind !== 'replaceable') return reply.kind;
    const late = { ...row, late: true };
    const correction = { ticketId, oldText: reply.text, oldPosting: postingOf(rowFromText(reply.text)) };
    const corrected = await engine.correct({ ...correction, text: rowText(late), posting: postingOf(late) });
    if (corrected === 'corrected') return 'late';
  }
  throw new Error('a row was corrected again and again while it was settled');
}
