import { z } from 'zod';

/** What `check-config` says of a key. */
export type Verdict = 'honoured' | 'mapped' | 'ignored';

const mostSeconds = 604_800;

/** Text; `os.environ/NAME` always gives it. */
export const text = z.string({ error: 'must be text; put numbers and dates in quotes' });
/** `true`, `false` and the words people write for them. */
export const flag = reading(readFlag, 'must be true or false');
/** Any finite number. */
export const amount = reading(readNumber, 'must be a number');
/** A whole number, 0 or more. */
export const count = reading(readCount, 'must be a whole number, 0 or more');
/** Seconds in the file, milliseconds inside. */
export const seconds = reading(readSeconds, `must be seconds, a number above 0 and at most ${mostSeconds}`);
/** As `seconds`, and 0, which switches something off. */
export const secondsOrZero = reading(readSecondsOrZero, `must be seconds, 0 to ${mostSeconds}`);
/** One text or a list of them. */
export const texts = reading(readTexts, 'must be a text or a list of texts');
/** Megabytes in the file, bytes inside. */
export const megabytes = reading(readMegabytes, 'must be megabytes, a number above 0 and at most 1024');
/** A map whose values are checked elsewhere, or nowhere. */
export const anyMap = z.record(z.string(), z.unknown(), { error: 'must be a map of keys and values' });

/** An optional key, with the words that `check-config` prints. */
export function key<S extends z.ZodType>(
  schema: S,
  description: string,
  verdict: Verdict = 'honoured',
): z.ZodOptional<z.ZodNullable<S>> {
  return schema.nullish().meta({ description, verdict });
}

/** A section of optional keys; foreign ones pass through. */
export function section<S extends z.core.$ZodLooseShape>(
  shape: S,
): z.ZodOptional<z.ZodNullable<z.ZodObject<S, z.core.$loose>>> {
  return z.looseObject(shape).nullish().meta({ description: 'section', verdict: 'honoured' });
}

/** A value that may also be written as text, because `os.environ/NAME` always gives text. */
export function reading<T>(read: (value: unknown) => T | undefined, message: string): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const meaning = read(value);
    if (meaning !== undefined) return meaning;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

function readFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' || typeof value === 'number' ? String(value).trim().toLowerCase() : '';
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  return ['false', 'no', 'off', '0'].includes(word) ? false : undefined;
}

function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Undefined for what is no whole number of 0 or more. */
export function readCount(value: unknown): number | undefined {
  const number = readNumber(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

function readSeconds(value: unknown): number | undefined {
  const number = readNumber(value);
  return number !== undefined && number > 0 && number <= mostSeconds
    ? Math.max(1, Math.round(number * 1_000))
    : undefined;
}

function readSecondsOrZero(value: unknown): number | undefined {
  return readNumber(value) === 0 ? 0 : readSeconds(value);
}

function readMegabytes(value: unknown): number | undefined {
  const number = readNumber(value);
  return number !== undefined && number > 0 && number <= 1_024 ? Math.ceil(number * 1_048_576) : undefined;
}

/** One text or a list of them, none empty; undefined for anything else. */
export function readTexts(value: unknown): readonly string[] | undefined {
  const list: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list)) return undefined;
  return list.every((item): item is string => typeof item === 'string' && item !== '') ? list : undefined;
}
