import { z } from 'zod';
import { testEnvironment } from './env.schema';
import { defaultTimeLimits, type TimeLimits } from './time-limits';

/** What a test may change in a process of its own. Not settings: nothing of it is documented or reported. */
export interface TestKnobs {
  /** Step of a refresh, and the signal that the process sends itself there, for example `after-intent:SIGSTOP`. */
  readonly failAt: string | undefined;
  /** How far the local clock is ahead, milliseconds. */
  readonly clockAheadMs: number;
  /** Waits that differ from those of the settings. */
  readonly times: Partial<TimeLimits>;
  /** Nothing is counted and no request is logged: what a bench compares with. */
  readonly isUnobserved: boolean;
}

const noKnobs: TestKnobs = { failAt: undefined, clockAheadMs: 0, times: {}, isUnobserved: false };
const aheadSchema = z.coerce.number().int();
/** Another name is a slip of the test's pen. */
const timesSchema = z.partialRecord(z.enum(Object.keys(defaultTimeLimits)), z.number().nonnegative());

/** Reads `CODEX_GATEWAY_FAIL_AT`, `CODEX_GATEWAY_CLOCK_AHEAD_MS` `CODEX_GATEWAY_TIMES` (JSON) and `CODEX_GATEWAY_UNOBSERVED`, when `NODE_ENV` is `test`. */
export function testKnobs(): TestKnobs {
  const env = testEnvironment();
  if (env === undefined) return noKnobs;
  return {
    failAt: env['CODEX_GATEWAY_FAIL_AT'],
    clockAheadMs: aheadSchema.parse(env['CODEX_GATEWAY_CLOCK_AHEAD_MS'] ?? '0'),
    isUnobserved: env['CODEX_GATEWAY_UNOBSERVED'] === '1',
    times: timesSchema.parse(JSON.parse(env['CODEX_GATEWAY_TIMES'] ?? '{}')),
  };
}
