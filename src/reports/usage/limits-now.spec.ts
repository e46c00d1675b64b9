import { type ScopeLimits } from '../../kernel/limits';
import { type ScopeCounters } from '../../metering/ledger';
import { limitsNow } from './limits-now';

const nowMs = Date.UTC(2026, 10, 26, 12);
const month = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) };
const scope: ScopeLimits = {
  kind: 'key',
  id: 'ab12',
  name: 'ci-bot',
  mode: 'enforce',
  limits: {
    requestsPerWindow: 60,
    tokensPerWindow: 1_000,
    parallel: 3,
    budgets: [
      { unit: 'nano_usd', max: 10e9, duration: '1mo', anchorMs: 0 },
      { unit: 'nano_usd', max: 50e9, anchorMs: 0 },
      { unit: 'tokens', max: 9_000, duration: '1d', anchorMs: 0 },
    ],
  },
};
const counters: ScopeCounters = {
  kind: 'key',
  id: 'ab12',
  spent: 20e9,
  held: 1e9,
  running: 2,
  window: { requests: 12, tokens: 300, resetAtMs: nowMs + 30_000 },
  budgets: [
    { unit: 'nano_usd', duration: '1mo', used: 4e9, held: 1e9, startsAtMs: month.startMs, resetAtMs: month.endMs },
    {
      unit: 'nano_usd',
      duration: '1mo',
      used: 9e9,
      held: 0,
      startsAtMs: Date.UTC(2026, 9, 1),
      resetAtMs: month.startMs,
    },
    { unit: 'nano_usd', used: 20e9, held: 1e9 },
  ],
};
const moment = { nowMs, timeZone: 'UTC' };

describe('how limits stand without a request', () => {
  it('is what the running window and the periods of now have counted', () => {
    const states = limitsNow([scope], [counters], moment);
    const place = { scope: 'key', scopeId: 'ab12', name: 'ci-bot' };

    expect(states).toEqual([
      { ...place, limit: 'requests', period: 'window', max: 60, used: 12, resetAtMs: nowMs + 30_000 },
      { ...place, limit: 'tokens', period: 'window', max: 1_000, used: 300, resetAtMs: nowMs + 30_000 },
      { ...place, limit: 'parallel', period: 'window', max: 3, used: 2 },
      { ...place, limit: 'nano_usd', period: '1mo', max: 10e9, used: 5e9, resetAtMs: month.endMs },
      { ...place, limit: 'nano_usd', period: 'lifetime', max: 50e9, used: 21e9 },
      { ...place, limit: 'tokens', period: '1d', max: 9_000, used: 0, resetAtMs: Date.UTC(2026, 10, 27) },
    ]);
  });

  it('follows the calendar of the operator’s zone', () => {
    const zone = { nowMs: Date.UTC(2026, 10, 30, 23, 30), timeZone: 'Europe/Berlin' };
    const [budget] = limitsNow([{ ...scope, limits: { budgets: scope.limits.budgets.slice(0, 1) } }], [counters], zone);

    // In Berlin it is December already, and nothing was spent in it.
    expect(budget).toMatchObject({ used: 0, resetAtMs: Date.UTC(2026, 11, 31, 23) });
  });

  it('is nothing used where nobody has written, and nothing at all without limits', () => {
    expect(limitsNow([scope], [], moment).map(({ used }) => used)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(limitsNow([{ ...scope, limits: { budgets: [] } }], [counters], moment)).toEqual([]);
  });

  it('keeps the books of models apart', () => {
    const ofModel = { ...scope, model: 'gpt-5.5', limits: { requestsPerWindow: 5, budgets: [] } };
    const states = limitsNow(
      [scope, ofModel],
      [counters, { ...counters, model: 'gpt-5.5', window: { requests: 1, tokens: 0, resetAtMs: nowMs + 1 } }],
      moment,
    );

    expect(states.at(-1)).toMatchObject({ model: 'gpt-5.5', max: 5, used: 1 });
  });
});
