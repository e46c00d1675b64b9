import { z } from 'zod';
import { type AccountRecord, emptyAccount } from './credential-record';

const count = z.coerce.number().int().nonnegative();

/**
 * Reads a record from Redis or the journal: numbers may be text, unknown fields of a later release are dropped, fields that
 * an earlier one did not have are empty.
 */
export const recordSchema: z.ZodType<AccountRecord> = z
  .object({
    schema: count,
    generation: count,
    fingerprint: z.string(),
    access: z.string(),
    sealed: z.string(),
    expiresAtMs: count,
    rotatedAtMs: count,
    rotatedBy: z.enum(['gateway', 'file', 'login', '']),
    rotatedById: z.string(),
    spent: z.string(),
    fence: count,
    holder: z.string(),
    leaseUntilMs: count,
    intent: z.string(),
    intentFence: count,
    intentUntilMs: count,
    sends: count,
    failureCode: z.string(),
    failureAdvice: z.enum(['login_again', 'own_login', '']),
    failureAtMs: count,
    backoffCode: z.string(),
    backoffUntilMs: count,
    backoffCount: count,
  })
  .partial()
  .transform((fields): AccountRecord => ({ ...emptyAccount, ...present(fields) }));

/** Fields that are there; zod writes absent ones as undefined. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined) Object.assign(kept, { [key]: value });
  }
  return kept;
}
