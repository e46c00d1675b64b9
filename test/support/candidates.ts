import { type Deployment } from '../../src/config/deployment';
import { type Candidate, candidateOf } from '../../src/routing/choice/candidate';
import { type Ground } from '../../src/routing/choice/strategy';

/** A Codex deployment of an account, without a world around it. */
export function deploymentOf(id: string, changes: Partial<Deployment> = {}): Deployment {
  return {
    id,
    modelGroup: 'team',
    provider: 'codex',
    upstreamModel: 'gpt-5.5',
    credential: { name: `account-${id}`, source: { kind: 'auth_file', path: `/nonexistent/${id}.json` } },
    apiBase: 'https://upstream.test/backend-api/codex',
    defaults: {},
    modelInfo: {},
    ...changes,
  };
}

/** The same as a candidate. */
export function candidate(
  id: string,
  routing: Deployment['routing'] = {},
  changes: Partial<Deployment> = {},
): Candidate {
  return candidateOf(deploymentOf(id, { routing, ...changes }));
}

/** Numbers between 0 and 1 that are the same in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A quiet fleet: nothing in flight, nothing measured, nothing used. */
export function quietGround(changes: Partial<Ground> = {}): Ground {
  return {
    inFlight: () => 0,
    latencyMs: () => undefined,
    minute: () => ({ requests: 0, tokens: 0 }),
    headroom: () => 100,
    random: seededRandom(1),
    latencyBuffer: 0,
    ...changes,
  };
}

/** Pearson's statistic of counts against shares. */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  return counts.reduce((sum, count, place) => {
    const expected = (total * (shares[place] ?? 0)) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** The value that a right spread stays below in 999 of 1 000 runs (Wilson and Hilferty). */
export function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
}
