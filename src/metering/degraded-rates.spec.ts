import { keyScope } from '../../test/support/books-world';
import { DegradedRates } from './degraded-rates';

const rates = (replicas: number) => new DegradedRates({ windowMs: 60_000, replicas });

describe('rates while the state is away', () => {
  it('let this process’ part of a request limit through, and again in the next window', () => {
    const one = rates(3);
    const scopes = [keyScope({ requestsPerWindow: 10 })];
    const taken = Array.from({ length: 5 }, () => one.take(scopes, 1_000));
    expect(taken.map((each) => each?.limit)).toEqual([undefined, undefined, undefined, 'requests', 'requests']);
    expect(taken[4]).toMatchObject({ max: 3, retryAfterMs: 60_000, scope: { id: 'k1' } });
    expect(one.take(scopes, 61_000)).toBeUndefined();
  });

  it('let one through where the part is less than one, and none where the limit is none', () => {
    expect(rates(50).take([keyScope({ requestsPerWindow: 10 })], 0)).toBeUndefined();
    expect(rates(50).take([keyScope({ requestsPerWindow: 0 })], 0)).toMatchObject({ limit: 'requests', max: 0 });
  });

  it('count in all scopes or in none, keep slots, and refuse nothing in observe mode', () => {
    const one = rates(1);
    const team = { ...keyScope({ requestsPerWindow: 1 }), kind: 'team' as const, id: 't1' };
    const key = keyScope({ requestsPerWindow: 2 });
    expect(one.take([key, team], 0)).toBeUndefined();
    expect(one.take([key, team], 0)).toMatchObject({ scope: { kind: 'team' } });
    expect(one.take([key], 0)).toBeUndefined();
    expect(one.take([keyScope({ parallel: 4 })], 0, () => 4)).toMatchObject({ limit: 'parallel', max: 4 });
    expect(one.take([keyScope({ requestsPerWindow: 0 }, { mode: 'observe' })], 0)).toBeUndefined();
  });
});
