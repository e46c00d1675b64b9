import { MemoryReads } from '../../src/metering/journal/memory-reads';
import { ledgerSums } from '../../src/metering/ledger-sums';
import { type Counter, counterName } from '../../src/metering/machine/counter';
import { type AdmitCommand } from '../../src/metering/machine/meter-command';
import { type MeterState } from '../../src/metering/machine/meter-state';

/** I2, I12 and I13: what was let in has room in every limit that refuses. */
export function checkRoom(state: MeterState, { scopes, held }: AdmitCommand): void {
  for (const scope of scopes) {
    const book = state.books.get(scope.key);
    if (!scope.isEnforced || book === undefined) continue;
    if (scope.requests >= 0) expect(book.windowRequests).toBeLessThanOrEqual(scope.requests);
    if (scope.parallel >= 0) expect(book.running).toBeLessThanOrEqual(scope.parallel);
    for (const { counter, max } of scope.budgets) {
      const { name, unit } = scope.counters[counter] ?? { name: '', unit: 'requests' };
      const { used, held: aside } = book.counters.get(name) ?? { used: 0, held: 0 };
      if (held[unit] > 0) expect(used + aside).toBeLessThanOrEqual(max);
    }
  }
}

/** I1, I3, I5, I13 once everything is settled: books are the sums of their rows, and nothing is held. */
export async function checkQuiet(state: MeterState): Promise<void> {
  const reads = new MemoryReads(state, () => Promise.resolve());
  expect([...state.tickets.keys()]).toEqual([]);
  expect([...state.inFlight]).toEqual([]);
  for (const [key, book] of state.books) {
    if (!book.isOpen) continue;
    const counters: readonly Counter[] = [...book.counters.values()];
    const sums = await ledgerSums(reads, key, counters);
    const expected = Object.fromEntries(
      counters.map((each) => [counterName(each), { used: sums.used.get(counterName(each)), held: 0 }]),
    );
    const stored = Object.fromEntries(
      counters.map((each) => [counterName(each), { used: each.used, held: each.held }]),
    );
    expect({ key, spent: book.spent, running: book.running, ...stored }).toEqual({
      key,
      spent: sums.spent,
      running: 0,
      ...expected,
    });
  }
}
