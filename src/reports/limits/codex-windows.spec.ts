import { moneyOfKey as money } from '../../../test/support/limit-states';
import { type LimitState } from '../../metering/meter';
import { codexWindows, periodMinutes } from './codex-windows';

describe('budgets as windows', () => {
  it('are money first, other budgets only for those who have none in money', () => {
    const tokens: LimitState = { ...money, limit: 'tokens', max: 100, used: 99 };

    expect(codexWindows([tokens, money]).map(({ state }) => state)).toEqual([money]);
    expect(codexWindows([tokens])[0]?.usedPercent).toBe(99);
    expect(codexWindows([money])[0]?.usedPercent).toBe(100);
  });

  it.each([
    ['30d', 43_200],
    ['24h', 1_440],
    ['1d', 1_440],
    ['7d', 10_080],
    ['1mo', 43_200],
    ['30m', 30],
    ['30s', 1],
    ['hourly', 60],
    ['weekly', 10_080],
    ['lifetime', undefined],
    ['constructor', undefined],
    ['window', undefined],
    ['', undefined],
  ])('know how long %s is', (period, minutes) => {
    expect(periodMinutes(period)).toBe(minutes);
  });
});
