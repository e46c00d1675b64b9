import { setTimeout as pause } from 'node:timers/promises';
import { StateUnavailable } from '../state/state-unavailable';
import { adjustmentId, adjustmentOf } from './adjustment';
import { ledgerSums, type LedgerSums } from './ledger-sums';
import { counterSpan } from './machine/counter';
import { type EnteredScope, type SeededCounter, type Unseeded } from './machine/meter-command';
import { type MeterEngine } from './meter-engine';

/** What live tickets hold of one book. */
export interface LiveHolds {
  readonly running: number;
  /** By counter. */
  readonly held: ReadonlyMap<string, number>;
}

/** Works out what a book must say, where it is new or lost a counter, and puts it there. */
export class BookSeeder {
  /** One at a time for each book: a crowd that meets an unknown book asks the ledger once. */
  private readonly working = new Map<string, Promise<void>>();

  constructor(private readonly engine: MeterEngine) {}

  /**
   * Fills the gaps as far as nothing was entered meanwhile; the caller asks again and sees.
   *
   * @throws {StateUnavailable}
   */
  async fill(scopes: readonly EnteredScope[], missing: readonly Unseeded[]): Promise<void> {
    await Promise.all(
      missing.map((gap) => {
        const scope = scopes[gap.scope];
        if (scope === undefined) throw new RangeError('a gap of no scope');
        const name = `${scope.key} ${gap.isNew} ${gap.counters.map((at) => scope.counters[at]?.name).join(' ')}`;
        const work = this.working.get(name) ?? this.seed(scope, gap).finally(() => this.working.delete(name));
        this.working.set(name, work);
        return work;
      }),
    );
  }

  private async seed(
    { key, counters }: EnteredScope,
    { seq, isNew, openedMs, counters: gaps }: Unseeded,
  ): Promise<void> {
    const names = gaps.flatMap((at) => counters[at]?.name ?? []);
    const spans = names.map(counterSpan);
    // In a period that began since, nobody can hold anything yet; all live tickets need not be looked through at every midnight.
    const mayBeHeld = isNew || spans.some(({ startMs }) => startMs <= openedMs);
    const live = mayBeHeld ? await liveHolds(this.engine, key) : undefined;
    const sums = await ledgerSums(this.engine.reads, key, spans);
    const seeded: SeededCounter[] = names.map((name) => ({
      name,
      used: sums.used.get(name) ?? 0,
      held: live?.held.get(name) ?? 0,
    }));
    const whole = isNew ? { spent: sums.spent, running: live?.running ?? 0 } : undefined;
    if (whole === undefined && sums.untold.size > 0) {
      await this.tell({ key, seq }, sums.untold);
      return;
    }
    // Only an open book takes a row, so one that is new waits for its untold counters until it is asked again.
    const ready = seeded.filter(({ name }) => !sums.untold.has(name));
    await this.engine.seed({ key, seq, sums: whole, counters: ready, isRepair: false });
  }

  /**
   * Writes down what an adjustment means for budgets that it did not name, before they count: from then on they are sums of
   * rows like all others, whoever works them out.
   */
  private async tell(
    book: { readonly key: string; readonly seq: number },
    untold: LedgerSums['untold'],
  ): Promise<void> {
    const [first] = untold.values();
    if (first === undefined) return;
    const periods = Object.fromEntries([...untold].map(([name, { change }]) => [name, change]));
    const parts = { spend: 0, periods, follows: first.follows, nowMs: this.engine.nowMs() };
    await this.engine.adjust(adjustmentOf(book, adjustmentId(), parts));
  }
}

/** Sums of all live tickets that are entered in a book. */
export async function liveHolds({ reads }: MeterEngine, key: string): Promise<LiveHolds> {
  let running = 0;
  const held = new Map<string, number>();
  for await (const tickets of reads.tickets())
    for (const { books, held: amounts } of tickets) {
      const book = books.find((each) => each.key === key);
      if (book === undefined) continue;
      running += 1;
      for (const { name, unit } of book.counters) held.set(name, (held.get(name) ?? 0) + amounts[unit]);
    }
  return { running, held };
}

/** How often a busy book is tried before it is given up, with growing pauses: about two seconds in all. */
const mostTries = 40;

/** Waits a little more each time. @throws {StateUnavailable} when it was tried too often. */
export async function beforeTry(number: number): Promise<void> {
  if (number >= mostTries) throw new StateUnavailable('timeout');
  if (number > 1) await pause(number * 2);
}
