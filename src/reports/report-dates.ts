import { invalidRequest } from '../kernel/errors';

/** Days of a report, both inclusive, `YYYY-MM-DD`, UTC. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

const dayMs = 86_400_000;
/** Three years: longer reports are made of several. */
const mostDays = 1_100;
const dayPattern = /^\d{4}-\d{2}-\d{2}$/;
const momentPattern = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:?\d{2})?$/;

/** Calendar day of a moment, UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The day `days` later, or earlier when negative. */
export function shiftedDay(day: string, days: number): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) + days * dayMs);
}

/** Every day of a range, oldest first. */
export function daysOf({ from, to }: DayRange): readonly string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = shiftedDay(day, 1)) days.push(day);
  return days;
}

/** The last `count` days, today included. */
export function lastDays(count: number, nowMs: number): DayRange {
  const to = dayOf(nowMs);
  return { from: shiftedDay(to, 1 - count), to };
}

/**
 * Reads `start_date` and `end_date`.
 *
 * @param fallback when neither is given; without it both are required.
 * @throws {GatewayError} 400 naming the field.
 */
export function dayRange(start: string | undefined, end: string | undefined, fallback?: DayRange): DayRange {
  if (start === undefined && end === undefined && fallback !== undefined) return fallback;
  const from = dayIn(start, 'start_date');
  const to = dayIn(end, 'end_date');
  if (to < from) throw invalidRequest("'end_date' must not be before 'start_date'.", 'end_date');
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + 1;
  if (days > mostDays) throw invalidRequest(`A report spans at most ${mostDays} days; ask for less.`, 'start_date');
  return { from, to };
}

/**
 * A moment as LiteLLM's clients write it: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS` (UTC) or ISO 8601.
 *
 * @param edge of an `end`, which belongs to the span, the moment after it is given back. Unix milliseconds.
 * @throws {GatewayError} 400 naming `field`.
 */
export function momentIn(text: string, field: string, edge: 'start' | 'end'): number {
  const value = text.trim();
  if (dayPattern.test(value)) {
    const start = Date.parse(`${dayIn(value, field)}T00:00:00Z`);
    return edge === 'start' ? start : start + dayMs;
  }
  // A plus sign in a query that was not escaped arrives as a blank.
  const [, day, time, zone] = momentPattern.exec(value.replace(/ (\d{2}:?\d{2})$/, '+$1')) ?? [];
  const ms = day === undefined || time === undefined ? Number.NaN : Date.parse(`${day}T${time}${zone ?? 'Z'}`);
  if (Number.isNaN(ms)) throw badDate(field);
  const unit = time?.includes('.') === true ? 1 : 1_000;
  return edge === 'start' ? ms : ms + unit;
}

function dayIn(text: string | undefined, field: string): string {
  const day = text?.trim().slice(0, 10);
  if (day === undefined || day === '') throw invalidRequest(`'${field}' is required, as YYYY-MM-DD.`, field);
  const ms = dayPattern.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  // The 31st of February would be taken for the 3rd of March.
  if (Number.isNaN(ms) || dayOf(ms) !== day) throw badDate(field);
  return day;
}

function badDate(field: string): Error {
  return invalidRequest(`'${field}' must be a date: YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS in UTC.`, field);
}
