import { MovedClock } from '../../test/support/moved-clock';
import { Observer } from '../kernel/observer';
import { LastComparison } from '../metering/keeping/last-comparison';
import { type Meter } from '../metering/meter';
import { MemorySharedCache } from '../state/shared-cache-memory';
import { StateWatch } from './state-watch';

class Listening extends Observer {
  told: (count: number) => void = () => undefined;
  override requestEnded(): void {
    throw new Error('not told here');
  }
  override attemptEnded(): void {
    throw new Error('not told here');
  }
  override leftWrongKnown(count: number): void {
    this.told(count);
  }
}

describe('a replica that looks at the state', () => {
  const comparison = new LastComparison(new MemorySharedCache(new MovedClock()));
  const link = { health: () => Promise.resolve({}) } as unknown as ConstructorParameters<typeof StateWatch>[3];
  const mismatch = { scope: 'key', id: 'k', field: 'spent', ledger: 5, counter: 7 };

  /** What one look tells of the books. */
  function told(): Promise<number> {
    const observer = new Listening();
    const watch = new StateWatch(observer, {} as Meter, comparison, link);
    return new Promise((resolve) => {
      observer.told = resolve;
      watch.onApplicationBootstrap();
      watch.onModuleDestroy();
    });
  }

  it('shows what the last comparison left wrong, also when another replica made it', async () => {
    await comparison.keep({ checked: 9, mismatches: [mismatch, mismatch], repaired: 0, tookMs: 1 });
    expect(await told()).toBe(2);
    await comparison.keep({ checked: 9, mismatches: [mismatch, mismatch], repaired: 2, tookMs: 1 });
    expect(await told()).toBe(0);
  });
});
