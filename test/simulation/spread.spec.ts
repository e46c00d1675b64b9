import { chiSquare, chiSquareLimit, seededRandom } from '../support/candidates';
import { PlanAccount } from './plan-account';
import { SimulatedRouting } from './simulated-routing';

const endless = { per5h: 1e9, perWeek: 1e9 };
const startMs = 1_800_000_000_000;

describe.each([
  ['two accounts', [1, 4]],
  ['three accounts', [6, 3, 1]],
  ['twenty accounts', Array.from({ length: 20 }, (_, place) => 1 + (place % 4))],
] as const)('simple-shuffle over %s, through all of the rooms', (_, weights) => {
  it.each([
    ['calls', () => undefined],
    ['conversations', (call: number) => `conversation ${call}`],
  ])('spreads ten thousand %s by weight', async (_what, conversationOf) => {
    const accounts = weights.map((_weight, place) => new PlanAccount(`s${place}`, endless, 0, startMs));
    const routing = new SimulatedRouting(accounts, 'simple-shuffle', seededRandom(3), weights);
    for (let call = 0; call < 10_000; call += 1) {
      const atMs = startMs + call * 100;
      await routing.take({ atMs, units: 1, durationMs: 1_000, conversation: conversationOf(call) });
    }
    const counts = accounts.map(({ answered }) => answered);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(chiSquare(counts, weights)).toBeLessThan(chiSquareLimit(weights.length - 1));
  });
});
