import { isDuration as isPeriod, spelledOut } from '../../kernel/periods';

const form = /^([1-9]\d{0,5})(s|m|h|d|w|mo)$/;

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** What a duration looks like, for messages. */
export const durationForm = 'a duration such as 30s, 15m, 24h, 30d, 2w or 1mo, of at most 100000';

/** Whether a text is a duration: a whole number and `s`, `m`, `h`, `d`, `w` or `mo`, or a word such as `monthly`. */
export function isDuration(text: string): boolean {
  // What budgets cannot count, nothing takes.
  return form.test(spelledOut(text)) && isPeriod(text);
}

/** The moment a duration after another, Unix milliseconds. Months are those of the calendar, in UTC. */
export function after(fromMs: number, duration: string): number {
  const [, count = '0', unit = 's'] = form.exec(spelledOut(duration)) ?? [];
  if (unit !== 'mo') return fromMs + Number(count) * unitMs[unit as keyof typeof unitMs];
  const from = new Date(fromMs);
  const moved = new Date(fromMs);
  moved.setUTCMonth(from.getUTCMonth() + Number(count));
  // The 31st of a month that has none is its last day, not the next month's first.
  if (moved.getUTCDate() !== from.getUTCDate()) moved.setUTCDate(0);
  return moved.getTime();
}
