import { type LimitReading } from '../kernel/observations';
import { type Observer } from '../kernel/observer';
import { type Clock } from '../kernel/clock';
import { StateUnavailable } from '../state/state-unavailable';
import { beforeTry, BookSeeder } from './book-seeder';
import { EnteredScopes, type ScopeEntry } from './entered-scopes';
import { type LedgerRow } from './ledger-row';
import { addLimitStates, limitState } from './limit-states';
import { heldAmounts } from './machine/amounts';
import { type AdmitReply } from './machine/meter-command';
import { booksOfRow } from './machine/posting';
import { rowText } from './machine/row-text';
import {
  type Admitted,
  type AdmitRequest,
  type BookName,
  type Granted,
  type LimitState,
  Meter,
  type MeterHealth,
  type Refused,
} from './meter';
import { type AdmitOutcome, type MeterEngine } from './meter-engine';
import { adjustBook } from './book-adjuster';
import { type Settler } from './settler';
import { type TicketWatch } from './ticket-watch';

/** What the meter must know of its installation. */
export interface MeterOptions {
  /** Length of a rate window, milliseconds. */
  readonly windowMs: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** What a meter is made of. */
export interface MeterParts {
  readonly engine: MeterEngine;
  readonly settler: Settler;
  readonly watch: TicketWatch;
  readonly clock: Clock;
  readonly observer: Observer;
}

const mostScopes = 64;
const nothing: Granted = { nanos: 0, tokens: 0 };

/** The books over one of the engines: it judges nothing itself, and fills what a book does not know yet from the ledger. */
export class EngineMeter extends Meter {
  private readonly entries: EnteredScopes;
  private readonly seeder: BookSeeder;

  constructor(
    private readonly parts: MeterParts,
    private readonly options: MeterOptions,
  ) {
    super();
    this.entries = new EnteredScopes(options.timeZone);
    this.seeder = new BookSeeder(parts.engine);
  }

  override get health(): MeterHealth {
    return { isUp: this.parts.engine.isUp, waiting: this.parts.settler.waiting };
  }

  override get keepsRows(): boolean {
    return this.parts.engine.keepsRows;
  }

  override nowMs(): number {
    return this.parts.engine.nowMs();
  }

  override async admit(request: AdmitRequest): Promise<Admitted | Refused> {
    const { clock, watch } = this.parts;
    const startedMs = clock.monotonicMs();
    try {
      const { entries, outcome } = await this.judged(request);
      const { reply } = outcome;
      if (reply.kind === 'admitted') watch.opened(request.ticketId, reply.granted.nano_usd);
      return this.told(request, this.answer(request.ticketId, entries, outcome), startedMs);
    } catch (error) {
      this.failed(request, error, startedMs);
      throw error;
    }
  }

  override async extend(ticketId: string, more: Granted): Promise<Granted | undefined> {
    const { engine, watch } = this.parts;
    const reply = await engine.extend({ ticketId, ...more });
    if (reply.kind === 'full') return undefined;
    // Of a ticket that the state has lost nothing is set aside anywhere; its row is charged all the same.
    if (reply.kind === 'gone') return more;
    watch.extended(ticketId, reply.nanos);
    return { nanos: reply.nanos, tokens: reply.tokens };
  }

  override assign(ticketId: string, deploymentId: string): void {
    this.parts.watch.assign(ticketId, deploymentId);
  }

  override pin(pin: string, value: string, ttlMs: number): void {
    this.parts.watch.pin(pin, value, ttlMs);
  }

  override checkpoint(row: LedgerRow): void {
    this.parts.watch.checkpoint(row);
  }

  override onBeat(listener: () => void): void {
    this.parts.watch.onBeat(listener);
  }

  override void(ticketId: string): void {
    this.parts.watch.void(ticketId);
  }

  override settle(row: LedgerRow, isUnknown = false): Promise<void> {
    const { watch, settler } = this.parts;
    const hold = watch.closed(row.id);
    return isUnknown ? settler.settleLater(row) : settler.settle(row, hold);
  }

  override adjust(book: BookName, toNanos: number): Promise<void> {
    return adjustBook(this.parts.engine, book, toNanos);
  }

  private async judged(
    request: AdmitRequest,
  ): Promise<{ readonly entries: readonly ScopeEntry[]; readonly outcome: AdmitOutcome }> {
    const { engine, watch } = this.parts;
    const { ticketId, deadlineMs, hold, least = nothing, scopes, draft, routing } = request;
    const text = rowText(draft);
    for (let tries = 0; ; tries += 1) {
      await beforeTry(tries);
      const nowMs = engine.nowMs();
      const entries = scopes.map((scope) => this.entries.of(scope, nowMs));
      if (tries === 0) checkScopes(entries, draft, ticketId);
      const outcome = await engine.admit(
        {
          ticketId,
          owner: watch.owner,
          deadlineMs,
          windowMs: this.options.windowMs,
          held: heldAmounts(hold),
          least: { nano_usd: least.nanos, tokens: least.tokens },
          scopes: entries.map(({ entered }) => entered),
          draft: text,
        },
        routing,
      );
      if (outcome.reply.kind !== 'unseeded') return { entries, outcome };
      await this.seeder.fill(
        entries.map(({ entered }) => entered),
        outcome.reply.missing,
      );
    }
  }

  private answer(
    ticketId: string,
    entries: readonly ScopeEntry[],
    { reply, routing }: AdmitOutcome,
  ): Admitted | Refused {
    const { windowMs } = this.options;
    if (reply.kind === 'unseeded') throw new Error('an answer before the books are seeded');
    if (reply.kind === 'refused') {
      const entry = entries[reply.by.scope];
      if (entry === undefined) throw new RangeError('refused by no scope');
      return { kind: 'refused', limit: limitState(entry, reply.book, reply.by.limit, windowMs) };
    }
    const limits: LimitState[] = [];
    for (const [at, entry] of entries.entries()) {
      const book = reply.books[at];
      if (book !== undefined) addLimitStates(limits, entry, book, windowMs);
    }
    const granted = { nanos: reply.granted.nano_usd, tokens: reply.granted.tokens };
    return { kind: 'admitted', ticketId, granted, limits, observed: observedOf(entries, reply, windowMs), routing };
  }

  private told<Answer extends Admitted | Refused>(request: AdmitRequest, answer: Answer, startedMs: number): Answer {
    const { observer, clock } = this.parts;
    const limit: LimitReading | undefined = answer.kind === 'refused' ? answer.limit : undefined;
    const hold = answer.kind === 'refused' ? request.hold : answer.granted;
    observer.ticketHeld({
      outcome: answer.kind,
      scope: limit?.scope,
      limit: limit?.limit,
      holdNanos: hold.nanos,
      holdTokens: hold.tokens,
      durationMs: clock.monotonicMs() - startedMs,
    });
    if (answer.kind === 'refused') observer.limitSeen(answer.limit);
    else for (const state of answer.limits) observer.limitSeen(state);
    return answer;
  }

  /** The ticket may be there all the same: its reply was lost. It is taken back, as often as it needs. */
  private failed({ ticketId, hold }: AdmitRequest, error: unknown, startedMs: number): void {
    if (!(error instanceof StateUnavailable)) return;
    const { observer, clock, watch } = this.parts;
    if (error.mayHaveHappened) watch.void(ticketId);
    const durationMs = clock.monotonicMs() - startedMs;
    observer.ticketHeld({ outcome: 'unavailable', holdNanos: hold.nanos, holdTokens: hold.tokens, durationMs });
  }
}

function observedOf(
  entries: readonly ScopeEntry[],
  reply: Extract<AdmitReply, { readonly kind: 'admitted' }>,
  windowMs: number,
): Admitted['observed'] {
  return reply.observed.flatMap(({ scope, limit }) => {
    const [entry, book] = [entries[scope], reply.books[scope]];
    return entry === undefined || book === undefined ? [] : [limitState(entry, book, limit, windowMs)];
  });
}

/** A scope that its row is not charged to would hold money that nobody ever spends. */
function checkScopes(entries: readonly ScopeEntry[], draft: LedgerRow, ticketId: string): void {
  if (draft.id !== ticketId) throw new TypeError('the draft of a ticket carries its id');
  if (entries.length > mostScopes) throw new TypeError(`a request has at most ${mostScopes} scopes`);
  const books = booksOfRow(draft);
  const seen = new Set<string>();
  for (const { entered, scope } of entries) {
    if (!books.includes(entered.key)) throw new TypeError(`the draft's row does not belong to its ${scope.kind} scope`);
    if (seen.has(entered.key)) throw new TypeError(`the ${scope.kind} scope is named twice`);
    seen.add(entered.key);
  }
}
