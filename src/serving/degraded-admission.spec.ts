import { keyScope } from '../../test/support/books-world';
import { type BudgetLimit, endlessMax, noLimits } from '../kernel/limits';
import { DegradedAdmission } from './degraded-admission';
import { type HoldKeeper } from './hold-keeper';

const budget = (max: number, soft?: number): BudgetLimit => ({
  unit: 'nano_usd',
  max,
  anchorMs: 0,
  ...(soft === undefined ? {} : { soft }),
});

describe('who is served while the shared state is away', () => {
  const metering = { windowMs: 60_000, replicas: 1 };
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  const keeper = { runningIn: () => 0 } as unknown as HoldKeeper;
  const admission = new DegradedAdmission({ metering } as never, clock, keeper);

  it('is not whoever a budget must cover', () => {
    const scopes = [keyScope({ ...noLimits, budgets: [budget(5, 4)] })];
    expect(() => admission.fullLimit(scopes)).toThrow('cannot be looked up at the moment');
  });

  it('is whoever a budget only warns, since that one refuses nothing', () => {
    expect(admission.fullLimit([keyScope({ ...noLimits, budgets: [budget(endlessMax, 4)] })])).toBeUndefined();
  });
});
