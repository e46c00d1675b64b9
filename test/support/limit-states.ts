import { type LimitState } from '../../src/metering/meter';

/** A budget of a key, 12.34 of 12 dollars used. */
export const moneyOfKey: LimitState = {
  scope: 'key',
  scopeId: 'ab12',
  name: 'ci-bot',
  limit: 'nano_usd',
  period: '30d',
  max: 12_000_000_000,
  used: 12_340_000_000,
  resetAtMs: Date.UTC(2026, 11, 1),
};
