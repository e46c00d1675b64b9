import { type Clock } from '../../kernel/clock';
import { type ScopeLimits } from '../../kernel/limits';
import { type Observer } from '../../kernel/observer';
import { adjustBook } from '../book-adjuster';
import { type BookReading } from '../book-reads';
import { Bookkeeper, type Reconciliation } from '../bookkeeper';
import { EnteredScopes, type ScopeEntry } from '../entered-scopes';
import { ledgerSums } from '../ledger-sums';
import { addLimitStates } from '../limit-states';
import { bookOwner } from '../machine/book-keys';
import { counterSpan } from '../machine/counter';
import { type BookView } from '../machine/meter-command';
import { type LimitState } from '../meter';
import { type MeterEngine } from '../meter-engine';
import { BookCheck } from './book-check';
import { FigureCheck } from './figure-check';
import { Findings } from './findings';

/** What the bookkeeper is made of. */
export interface BookkeeperParts {
  readonly engine: MeterEngine;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Looks after the books over one of the engines, in small pieces and while requests go on. */
export class EngineBookkeeper extends Bookkeeper {
  private readonly entries: EnteredScopes;
  private running: Promise<Reconciliation> | undefined;

  constructor(
    private readonly parts: BookkeeperParts,
    private readonly options: { readonly windowMs: number; readonly timeZone: string },
  ) {
    super();
    this.entries = new EnteredScopes(options.timeZone);
  }

  override async reconcile(repair: boolean): Promise<Reconciliation> {
    // One look at a time; who asks meanwhile gets one of his own after it, since that one may not repair.
    while (this.running !== undefined) await this.running.catch(() => undefined);
    this.running = this.look(repair).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  override async resetSpend(): Promise<number> {
    const { engine } = this.parts;
    const owners = new Set<string>();
    for await (const keys of engine.reads.bookKeys())
      for (const key of keys) {
        const owner = bookOwner(key);
        if (owner.kind !== 'key' && owner.kind !== 'team') continue;
        const { kind, id } = owner;
        const name = `${kind}:${id}`;
        // Its parts by models are set with it.
        if (!owners.has(name)) await adjustBook(engine, { kind, id }, 0);
        owners.add(name);
      }
    return owners.size;
  }

  override async limits(scopes: readonly ScopeLimits[]): Promise<readonly LimitState[]> {
    const { engine } = this.parts;
    const nowMs = engine.nowMs();
    const entries = scopes.map((scope) => this.entries.of(scope, nowMs));
    const books = await engine.reads.books(entries.map(({ entered }) => entered.key));
    const states: LimitState[] = [];
    for (const [at, entry] of entries.entries())
      addLimitStates(states, entry, await this.viewOf(entry, books[at], nowMs), this.options.windowMs);
    return states;
  }

  /** A book that is not open, or does not know a counter yet, is what the ledger says. */
  private async viewOf({ entered }: ScopeEntry, book: BookReading | undefined, nowMs: number): Promise<BookView> {
    const missing = entered.counters.filter(({ name }) => book?.counters.has(name) !== true);
    const spans = missing.map(({ name }) => counterSpan(name));
    const sums = missing.length === 0 ? undefined : await ledgerSums(this.parts.engine.reads, entered.key, spans);
    const counters = entered.counters.flatMap(({ name }) => {
      const known = book?.counters.get(name);
      if (known !== undefined) return [known.used, known.held];
      return [(sums?.used.get(name) ?? 0) + (sums?.untold.get(name)?.change ?? 0), 0];
    });
    const { windowStartMs = 0, windowRequests = 0, windowTokens = 0, running = 0 } = book ?? {};
    const isOver = windowStartMs + this.options.windowMs <= nowMs;
    const window = isOver
      ? { windowStartMs: nowMs, requests: 0, tokens: 0 }
      : { windowStartMs, requests: windowRequests, tokens: windowTokens };
    return { ...window, running, counters };
  }

  private async look(repair: boolean): Promise<Reconciliation> {
    const { engine, clock, observer } = this.parts;
    const startedMs = clock.monotonicMs();
    const findings = new Findings();
    // Figures first: the sums of books are made of them.
    await new FigureCheck(engine, findings, repair).run();
    await new BookCheck(engine, findings, repair).run();
    const { checked, mismatches, repaired } = findings;
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    observer.reconciled({ checked, mismatches: mismatches.length, repaired, durationMs: tookMs });
    return { checked, mismatches, repaired, tookMs };
  }
}
