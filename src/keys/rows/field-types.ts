import { z } from 'zod';
import { isWellFormed } from '../../kernel/well-formed';
import { parseNetwork } from '../../kernel/networks';
import { durationForm, isDuration } from './duration';

/** The most that fits: nano-dollars are whole numbers below 2^53. */
const mostDollars = 9_000_000;
const longestText = 1_024;
const mostEntries = 1_000;

/** Text of a reasonable length, without control characters. */
export const text = z
  .string({ error: 'must be text' })
  .max(longestText, { error: `must have at most ${longestText} characters` })
  .regex(/^[^\u0000-\u001f\u007f]*$/, { error: 'must not hold control characters' })
  .refine(isWellFormed, { error: 'must be valid Unicode text' });

/** Text that is not empty. */
export const name = text.min(1, { error: 'must not be empty' });

/** An id: what goes into lists and scopes. */
export const id = name.max(255, { error: 'must have at most 255 characters' });

/** A field that may be left out, and that LiteLLM's clients leave out as null. */
export function absentOr<T extends z.ZodType>(field: T): z.ZodOptional<z.ZodType<z.output<T> | undefined>> {
  return field
    .nullish()
    .transform((value) => value ?? undefined)
    .optional();
}

/** `true` or `false`; text is not taken for either. */
export const flag = z.boolean({ error: 'must be true or false' });

/** Numbers may come as text, as LiteLLM takes them. */
function number(type: 'number' | 'integer', error: string, isRight: (value: number) => boolean): z.ZodType<number> {
  const shown = { type, description: error.replace('must be ', '') };
  return z
    .unknown()
    .meta(shown)
    .transform((value, context): number => {
      const read =
        typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value.trim()) ? Number(value) : value;
      if (typeof read === 'number' && Number.isFinite(read) && isRight(read)) return read;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}

/** Money in dollars. */
export const dollars = number(
  'number',
  `must be an amount in dollars, from 0 to ${mostDollars}`,
  (value) => value >= 0 && value <= mostDollars,
);

/** A limit of requests, tokens or calls at the same time. */
export const count = number(
  'integer',
  'must be a whole number, 0 or more',
  (value) => Number.isSafeInteger(value) && value >= 0 && value <= 1e15,
);

/** Part of a plan's window, 0 to 1. */
export const share = number(
  'number',
  'must be a share of the plan, above 0 and at most 1',
  (value) => value > 0 && value <= 1,
);

/** Sent by LiteLLM's clients and not even kept: what was spent is in the books, and nobody signs in with a password. */
const neverKept: ReadonlySet<string> = new Set(['spend', 'password']);

/** LiteLLM's fields that are kept and shown, and do nothing here. What an earlier release kept too much of is left out. */
export const keptFields = z
  .record(z.string(), z.unknown())
  .transform((fields) => Object.fromEntries(Object.entries(fields).filter(([field]) => !neverKept.has(field))))
  .default({});

/** A duration such as `30d`, kept as it was written. */
export const duration = z
  .string({ error: `must be ${durationForm}` })
  .refine(isDuration, { error: `must be ${durationForm}` });

/** A network in CIDR notation, or a single address. */
export const network = name.refine((value) => parseNetwork(value) !== undefined, {
  error: 'must be an IP address or a network such as 10.0.0.0/8 or 2001:db8::/32',
});

/** Names of models, groups, tags and the like. */
export const names = z
  .array(name, { error: 'must be a list of names' })
  .max(mostEntries, { error: `must have at most ${mostEntries} entries` });

/** A map; a name `__proto__` is left out by the library, all others are plain names. */
export function mapOf<S extends z.ZodType>(value: S): z.ZodType<Record<string, z.output<S>>> {
  return z
    .record(z.string().max(longestText), value, { error: 'must be a map' })
    .refine((map) => Object.keys(map).length <= mostEntries, { error: `must have at most ${mostEntries} entries` });
}

/** Anything the operator wants to keep beside an entity, at most 16 KiB of JSON. */
export const metadata = mapOf(z.unknown()).refine((value) => JSON.stringify(value).length <= 16_384, {
  error: 'must be at most 16384 characters of JSON',
});
