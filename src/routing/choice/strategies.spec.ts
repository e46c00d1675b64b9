import { candidate, chiSquare, chiSquareLimit, quietGround, seededRandom } from '../../../test/support/candidates';
import { type StrategyName } from '../../config/routing-values';
import { type Candidate } from './candidate';
import { rendezvous } from './rendezvous';
import { sharesOf, strategyFor } from './strategies';
import { type Ground } from './strategy';

const calls = 10_000;
const numberOf = ({ number }: Candidate): number => number;
const idOf = ({ deployment }: Candidate): string => deployment.id;

function picks(name: StrategyName, members: readonly Candidate[], ground: Ground): Map<string, number> {
  const strategy = strategyFor(name, members);
  const counts = new Map(members.map((each) => [idOf(each), 0]));
  for (let call = 0; call < calls; call += 1) {
    const picked = strategy.pick(members, ground);
    if (picked !== undefined) counts.set(idOf(picked), (counts.get(idOf(picked)) ?? 0) + 1);
  }
  return counts;
}

describe.each([
  ['two deployments', [1, 3]],
  ['three deployments', [5, 3, 2]],
  ['twenty deployments', Array.from({ length: 20 }, (_, place) => 1 + (place % 5))],
] as const)('simple-shuffle over %s', (_, weights) => {
  const members = weights.map((weight, place) => candidate(`d${place}`, { weight }));

  it('spreads ten thousand calls by weight', () => {
    const counts = [...picks('simple-shuffle', members, quietGround()).values()];
    expect(chiSquare(counts, weights)).toBeLessThan(chiSquareLimit(weights.length - 1));
  });

  it('spreads ten thousand conversations by weight, and each to the same deployment every time', () => {
    const counts = new Map(members.map((each) => [idOf(each), 0]));
    for (let call = 0; call < calls; call += 1) {
      const drawn = rendezvous(`conversation ${call}`, members, numberOf, sharesOf(members));
      const again = rendezvous(`conversation ${call}`, [...members].reverse(), numberOf, sharesOf(members));
      expect(again).toBe(drawn);
      const id = drawn === undefined ? 'nobody' : idOf(drawn);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(chiSquare([...counts.values()], weights)).toBeLessThan(chiSquareLimit(weights.length - 1));
  });
});

describe('the shares of simple-shuffle', () => {
  it.each([
    [
      'weight before rpm before tpm',
      [
        { weight: 2, rpm: 1 },
        { rpm: 900, tpm: 5 },
      ],
      [2, 0],
    ],
    ['rpm when nobody has a weight', [{ rpm: 10 }, { rpm: 30, tpm: 1 }], [10, 30]],
    ['tpm when there is nothing else', [{ tpm: 7 }, {}], [7, 0]],
    ['equal when there is nothing at all', [{}, { weight: 0 }], [1, 1]],
  ])('are by %s', (_, routings, expected) => {
    const members = routings.map((routing, place) => candidate(`s${place}`, routing));
    expect(members.map(sharesOf(members))).toEqual(expected);
  });
});

describe('a conversation’s natural deployment', () => {
  it('changes only for those that lose theirs when one goes', () => {
    const members = ['a', 'b', 'c', 'd'].map((id) => candidate(id));
    const fewer = members.slice(0, 3);
    for (let call = 0; call < 500; call += 1) {
      const before = rendezvous(`${call}`, members, numberOf);
      const after = rendezvous(`${call}`, fewer, numberOf);
      if (before !== members[3]) expect(after).toBe(before);
    }
  });
});

describe('a strategy', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => candidate(id)) as [Candidate, Candidate, Candidate];
  const members = [a, b, c];
  const by = (values: Readonly<Record<string, number>>) => (each: Candidate) => values[idOf(each)] ?? 0;

  it('least-busy takes the one with the fewest calls in flight, any of equals', () => {
    const counts = picks('least-busy', members, quietGround({ inFlight: by({ a: 3, b: 1, c: 1 }) }));
    expect(counts.get('a')).toBe(0);
    expect(chiSquare([counts.get('b') ?? 0, counts.get('c') ?? 0], [1, 1])).toBeLessThan(chiSquareLimit(1));
  });

  it('latency-based-routing measures each one first, then takes the quickest within the buffer', () => {
    const latencyMs = (each: Candidate): number | undefined => ({ a: 100, b: 109, c: undefined })[idOf(each)];
    expect(picks('latency-based-routing', members, quietGround({ latencyMs })).get('c')).toBe(calls);
    const known = quietGround({ latencyMs: by({ a: 100, b: 109, c: 200 }), latencyBuffer: 0.1 });
    const counts = picks('latency-based-routing', members, known);
    expect(counts.get('c')).toBe(0);
    expect(chiSquare([counts.get('a') ?? 0, counts.get('b') ?? 0], [1, 1])).toBeLessThan(chiSquareLimit(1));
  });

  it('usage-based-routing takes the one with the fewest tokens this minute', () => {
    const minute = (each: Candidate): { requests: number; tokens: number } => ({
      requests: 0,
      tokens: by({ a: 50, b: 20, c: 90 })(each),
    });
    expect(picks('usage-based-routing-v2', members, quietGround({ minute })).get('b')).toBe(calls);
  });

  it('cost-based-routing takes the cheapest, and calls one without a price dear', () => {
    const priced = [candidate('x', { pricePerToken: 2e-6 }), candidate('y', { pricePerToken: 1e-6 }), candidate('z')];
    expect(picks('cost-based-routing', priced, quietGround()).get('y')).toBe(calls);
  });

  it('quota-headroom takes the account with the most left', () => {
    expect(picks('quota-headroom', members, quietGround({ headroom: by({ a: 20, b: 70, c: 69 }) })).get('b')).toBe(
      calls,
    );
  });

  it('lets a conversation begin where its key leads unless another is clearly better', () => {
    const accepts = (name: StrategyName, natural: Candidate, ground: Partial<Ground>): boolean =>
      strategyFor(name, members).accepts(natural, members, quietGround(ground));
    const headroom = by({ a: 80, b: 100, c: 79 });
    expect(accepts('quota-headroom', a, { headroom })).toBe(true);
    expect(accepts('quota-headroom', c, { headroom })).toBe(false);
    expect(accepts('quota-headroom', a, { headroom: by({ a: 0, b: 0, c: 0 }) })).toBe(true);
    expect(accepts('least-busy', a, { inFlight: by({ a: 2 }) })).toBe(true);
    expect(accepts('least-busy', a, { inFlight: by({ a: 3 }) })).toBe(false);
    expect(accepts('simple-shuffle', c, {})).toBe(true);
  });

  it('is quota-headroom by itself only for several Codex accounts', () => {
    const same = { credential: a.deployment.credential };
    const kept = (group: readonly Candidate[]): boolean =>
      strategyFor(undefined, group) === strategyFor('quota-headroom', group);
    expect(kept([a, b])).toBe(true);
    expect(kept([a, candidate('twin', {}, same)])).toBe(false);
    expect(kept([a, candidate('paid', {}, { provider: 'openai' })])).toBe(false);
    expect(kept([a])).toBe(false);
  });

  it('picks nothing out of nothing', () => {
    expect(strategyFor('simple-shuffle', []).pick([], quietGround())).toBeUndefined();
    expect(strategyFor('quota-headroom', []).pick([], quietGround({ random: seededRandom(2) }))).toBeUndefined();
  });
});
