import { fault, type Finding, ok, skipped, warning } from './finding';

/** A clock this far away makes logs and books hard to compare; milliseconds. */
const oddClockMs = 2_000;
/** Beyond it nothing is promised. */
const wrongClockMs = 5 * 60_000;
const check = 'clock';

/** Whether the clock of this machine can be trusted, by a clock that is `aheadMs` behind it. @param other whose that is. */
export function clockFinding(aheadMs: number, other: string): Finding {
  const size = Math.abs(aheadMs);
  const facts = `${(size / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} ${other}`;
  const advice = `switch on time synchronisation (NTP) here and on the host of ${other}`;
  if (size > wrongClockMs) return fault(check, facts, advice);
  return size > oddClockMs ? warning(check, facts, advice) : ok(check, facts);
}

/**
 * The same by the `date` header of an answer, which is cut to whole seconds: so much is forgiven.
 *
 * @param date as it came; undefined when there was none. @param nowMs when the answer was there, Unix milliseconds.
 */
export function clockByDate(date: string | undefined, nowMs: number, origin: string): Finding {
  const dateMs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(dateMs)) return skipped(check, `${origin} told no time to compare with`);
  const aheadMs = nowMs - dateMs;
  const withinMs = aheadMs > 0 ? Math.min(1_000, aheadMs) : 0;
  return clockFinding(aheadMs - withinMs, origin);
}
