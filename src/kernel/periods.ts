/** A stretch of time, `endMs` exclusive. Unix milliseconds. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** A budget's duration: how many of what. */
interface Duration {
  readonly count: number;
  readonly unit: 's' | 'm' | 'h' | 'd' | 'mo';
}

const secondMs = 1_000;
const unitMs = { s: secondMs, m: 60 * secondMs, h: 3_600 * secondMs } as const;
const dayMs = 86_400 * secondMs;
/** Monday, 1970-01-05. */
const firstMonday = 4;
const longestCount = 100_000;

/** Whether a text is a duration as budgets have it: `30s`, `5h`, `1d`, `7d`, `2w`, `1mo`, or one of the words. */
export function isDuration(text: string): boolean {
  return durationOf(text) !== undefined;
}

/** Whether a name is an IANA time zone that this machine knows. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

/**
 * The period of a budget that a moment falls in, worked out from the clock: nothing has to run at its end.
 *
 * A day begins at midnight of the zone, a week (`7d`) on Monday, a month (`1mo`, `30d`) on its first day; `24h` is a day.
 * Other counts of days and months begin at the midnight or the first of the month of the anchor, shorter durations at the
 * anchor itself. A day of the zone may have 23 or 25 hours.
 *
 * @throws {RangeError} for a text that is no duration; see `isDuration`.
 */
export function periodAt(duration: string, anchorMs: number, momentMs: number, timeZone = 'UTC'): Period {
  const parsed = durationOf(duration);
  if (parsed === undefined) throw new RangeError('not a duration of a budget');
  const { count, unit } = parsed;
  if (unit === 'mo') return monthsAt(count, anchorMs, momentMs, timeZone);
  if (unit === 'd') return daysAt(count, anchorMs, momentMs, timeZone);
  const lengthMs = count * unitMs[unit];
  const startMs = anchorMs + Math.floor((momentMs - anchorMs) / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

/** Calendar day of a moment in UTC, `YYYY-MM-DD`. */
export function utcDay(momentMs: number): string {
  const day = Math.floor(momentMs / dayMs);
  if (day !== lastDay.day) lastDay = { day, text: new Date(momentMs).toISOString().slice(0, 10) };
  return lastDay.text;
}

/** The one that was asked for last: mostly it is today. */
let lastDay = { day: Number.NaN, text: '' };

/** LiteLLM's words for durations, which stand in its configurations and tables. */
const words = { hourly: '1h', daily: '24h', weekly: '7d', monthly: '30d' } as const;

/** The duration that a word stands for; any other text as it is. */
export function spelledOut(duration: string): string {
  return Object.hasOwn(words, duration) ? words[duration as keyof typeof words] : duration;
}

/** Other names of calendar units. */
const calendarNames: ReadonlyMap<string, string> = new Map([
  ['24h', '1d'],
  ['30d', '1mo'],
  ['hourly', words.hourly],
  ['daily', '1d'],
  ['weekly', words.weekly],
  ['monthly', '1mo'],
]);

function durationOf(text: string): Duration | undefined {
  const [, digits, unit] = /^(\d{1,6})(s|m|h|d|w|mo)$/.exec(calendarNames.get(text) ?? text) ?? [];
  const count = Number(digits);
  if (unit === undefined || count < 1 || count > longestCount) return undefined;
  if (unit === 'w') return { count: count * 7, unit: 'd' };
  return unit === 'd' || unit === 'mo' ? { count, unit } : { count, unit: unit === 's' || unit === 'm' ? unit : 'h' };
}

function daysAt(count: number, anchorMs: number, momentMs: number, zone: string): Period {
  const today = localDay(momentMs, zone);
  // Days since 1970 on the zone's own calendar; one and seven days follow the calendar, others the anchor.
  const origin = count === 1 ? 0 : count === 7 ? firstMonday : localDay(anchorMs, zone);
  const first = origin + Math.floor((today - origin) / count) * count;
  return { startMs: startOfDay(first, zone), endMs: startOfDay(first + count, zone) };
}

function monthsAt(count: number, anchorMs: number, momentMs: number, zone: string): Period {
  const month = monthOf(localDay(momentMs, zone));
  const origin = count === 1 ? 0 : monthOf(localDay(anchorMs, zone));
  const first = origin + Math.floor((month - origin) / count) * count;
  return { startMs: startOfMonth(first, zone), endMs: startOfMonth(first + count, zone) };
}

/** Months since January 1970. */
function monthOf(day: number): number {
  const date = new Date(day * dayMs);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function startOfMonth(month: number, zone: string): number {
  return startOfDay(Date.UTC(1970, month, 1) / dayMs, zone);
}

/** Number of the calendar day, counted from 1970-01-01. */
function localDay(momentMs: number, zone: string): number {
  return Math.floor((momentMs + offsetAt(momentMs, zone)) / dayMs);
}

/** The first moment of a calendar day; where a change of the clock leaves midnight out, the moment after the gap. */
function startOfDay(day: number, zone: string): number {
  const midnight = day * dayMs;
  if (zone === 'UTC') return midnight;
  // No zone is further than a day from UTC, so the first moment of the day lies between these two.
  let before = midnight - dayMs;
  let at = midnight + dayMs;
  for (const offset of [offsetAt(before, zone), offsetAt(at, zone)]) {
    const guess = midnight - offset;
    if (isFirstOf(day, guess, zone)) return guess;
  }
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (localDay(middle, zone) < day) before = middle;
    else at = middle;
  }
  return at;
}

function isFirstOf(day: number, momentMs: number, zone: string): boolean {
  return localDay(momentMs, zone) === day && localDay(momentMs - 1, zone) < day;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of a zone are ahead of UTC. */
function offsetAt(momentMs: number, zone: string): number {
  if (zone === 'UTC') return 0;
  const parts = new Map(
    clockOf(zone)
      .formatToParts(momentMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - Math.floor(momentMs / secondMs) * secondMs;
}

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, clock);
  return clock;
}
