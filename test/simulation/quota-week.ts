import { type StrategyName } from '../../src/config/routing-values';
import { seededRandom } from '../support/candidates';
import { PlanAccount, type PlanSize } from './plan-account';
import { type SimulatedCall, SimulatedRouting } from './simulated-routing';

const startMs = 1_800_000_000_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const plus: PlanSize = { per5h: 200, perWeek: 700 };
const pro: PlanSize = { per5h: 800, perWeek: 4_800 };

/** How one strategy fared. */
export interface WeekResult {
  readonly strategy: StrategyName;
  readonly answered: number;
  readonly refused: number;
  /** Calls that an account refused and another one had to answer, or nobody did. */
  readonly bounced: number;
}

/**
 * A working week of a team: people come in bursts, each with conversations of twenty calls or so, and the accounts are of
 * two sizes with windows that began at different times.
 */
export async function simulatedWeek(strategy: StrategyName, seed: number): Promise<WeekResult> {
  const accounts = teamAccounts();
  const routing = new SimulatedRouting(accounts, strategy, seededRandom(seed + 1));
  for (const call of burstyLoad(seededRandom(seed))) await routing.take(call);
  routing.advance(startMs + 8 * dayMs);
  const bounced = accounts.reduce((sum, { refused }) => sum + refused, 0);
  return { strategy, answered: routing.answered, refused: routing.refused, bounced };
}

/** How evenly accounts of one size are used up by steady calls. */
export interface DryResult {
  /** Calls answered in all when the first account, and when the last one, had used up a window. */
  readonly firstDry: number;
  readonly lastDry: number;
}

/** Steady load until every account has used up its five hours. */
export async function usedUp(strategy: StrategyName, accountCount: number, seed: number): Promise<DryResult> {
  const random = seededRandom(seed);
  const accounts = Array.from({ length: accountCount }, (_, place) => new PlanAccount(`a${place}`, plus, 0, startMs));
  const routing = new SimulatedRouting(accounts, strategy, seededRandom(seed + 1));
  let firstDry = 0;
  const gapMs = (2 * hourMs) / (plus.per5h * accountCount);
  for (let atMs = startMs; !accounts.every(({ isDry }) => isDry); atMs += gapMs) {
    if (firstDry === 0 && accounts.some(({ isDry }) => isDry)) firstDry = routing.answered;
    await routing.take({
      atMs,
      units: 0.2 + random() * 1.6,
      durationMs: 5_000 + random() * 55_000,
      conversation: undefined,
    });
  }
  return { firstDry, lastDry: routing.answered };
}

function teamAccounts(): readonly PlanAccount[] {
  const sizes = [plus, plus, plus, pro, plus, plus];
  return sizes.map((size, place) => new PlanAccount(`a${place}`, size, (place * 0.37) % 1, startMs));
}

/** Calls in order of time. */
function burstyLoad(random: () => number): readonly SimulatedCall[] {
  const calls: SimulatedCall[] = [];
  for (let day = 0; day < 7; day += 1) {
    const isWorkday = day < 5;
    for (let burst = 0; burst < (isWorkday ? 5 : 1); burst += 1) {
      const burstMs = startMs + day * dayMs + (9 + random() * 9) * hourMs;
      const people = 4 + Math.floor(random() * 14);
      for (let person = 0; person < people; person += 1)
        calls.push(...conversation(random, burstMs, `${day}-${burst}-${person}`));
    }
  }
  return calls.sort((a, b) => a.atMs - b.atMs);
}

function conversation(random: () => number, burstMs: number, name: string): readonly SimulatedCall[] {
  const turns = 8 + Math.floor(random() * 26);
  let atMs = burstMs + random() * 10 * 60_000;
  return Array.from({ length: turns }, () => {
    atMs += 10_000 + random() * 80_000;
    return { atMs, units: 0.3 + random() * random() * 5, durationMs: 5_000 + random() * 60_000, conversation: name };
  });
}
