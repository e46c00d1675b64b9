import { type BookReads } from '../../src/metering/book-reads';
import { EngineLedger } from '../../src/metering/engine-ledger';
import { type RollupKind } from '../../src/metering/ledger';
import { ledgerSums } from '../../src/metering/ledger-sums';
import { bookOwner, plainName } from '../../src/metering/machine/book-keys';
import { type MeterState } from '../../src/metering/machine/meter-state';
import { rowFromText } from '../../src/metering/machine/row-text';

const everything = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
const kinds: readonly RollupKind[] = ['proxy', 'key', 'team', 'user', 'customer', 'tag', 'account'];
/** Small, so that a list has several pages. */
const pageSize = 3;

/**
 * What the doors would show of the books: lists, daily figures, what everybody has spent.
 * @param state names what there is to ask for.
 */
export async function pictureOf(reads: BookReads, state: MeterState, nowMs: number): Promise<Record<string, unknown>> {
  const ledger = new EngineLedger(reads, { windowMs: 60_000, nowMs: () => nowMs });
  const days = [...state.totals.values()].flatMap((each) => [...each.keys()]).sort();
  const [from = '2023-11-01', to = from] = [days[0], days.at(-1)];
  const figures = await Promise.all(kinds.map((kind) => ledger.days(kind, undefined, from, to)));
  const own = await Promise.all([...state.totals.keys()].map((name) => figuresOf(ledger, name, from, to)));
  const keys = [...state.books.keys()];
  const books = keys.map(bookOwner).map(({ model, ...book }) => (model === undefined ? book : { ...book, model }));
  return {
    archivedUntilMs: await reads.archivedUntilMs(),
    lists: await listsOf(reads, ledger, state),
    figures: [...figures.flat(), ...own.flat()].map((cell) => JSON.stringify(cell)).sort(),
    counters: await ledger.counters(books),
    spent: await ledger.spent(books.map((book) => ({ book, period: undefined }))),
    sums: await Promise.all(keys.map(async (key) => (await ledgerSums(reads, key, [])).spent)),
    totals: await Promise.all([...state.totals.keys()].map(async (name) => [...(await reads.totals(name))].sort())),
  };
}

function figuresOf(ledger: EngineLedger, name: string, from: string, to: string): ReturnType<EngineLedger['days']> {
  const kind = kinds.find((each) => name.startsWith(`${each}:`));
  return kind === undefined ? Promise.resolve([]) : ledger.days(kind, plainName(name.slice(kind.length + 1)), from, to);
}

/** Every list in pages both ways, and what is asked for by two owners at a time. */
async function listsOf(reads: BookReads, ledger: EngineLedger, state: MeterState): Promise<unknown> {
  const names = new Set([...state.totals.keys(), 'all', 'key:nobody'].filter((name) => !name.startsWith('member:')));
  const lists: Record<string, unknown> = {};
  for (const index of names) {
    const count = await reads.countRows({ index, ...everything });
    const pages: (readonly string[])[] = [];
    for (const order of ['oldest', 'newest'] as const)
      for (let offset = 0; offset <= count; offset += pageSize) {
        const page = await reads.rows({ index, ...everything }, order, { offset, limit: pageSize });
        pages.push(page.map(({ id, text }) => `${id} ${text}`));
      }
    lists[index] = { count, pages };
  }
  const query = { order: 'newest', offset: 0, limit: 100 } as const;
  const sifted = await ledger.page({ ...query, teamId: 't1', userId: 'u1' });
  const ids = sifted.rows.map(({ id }) => id);
  const first = [...state.rows.values()].map(({ text }) => rowFromText(text).id).sort()[0] ?? 'req_none';
  return { lists, ids, total: sifted.total, row: await ledger.row(first) };
}
