import { z } from 'zod';

/** One admin action, written down before it takes effect. Holds no secret and nothing that names a person beyond an id. */
export const auditRecordSchema = z.object({
  id: z.string(),
  /** Unix milliseconds. */
  atMs: z.number(),
  /** Who: `master`, `command` (the command line on the gateway's own state), or `key:` and the digest of a key. */
  actor: z.string(),
  actorAlias: z.string().optional(),
  actorUserId: z.string().optional(),
  clientIp: z.string().optional(),
  /** Ties it to the log line of the request. */
  requestId: z.string().optional(),
  /** What, for example `key.update`. */
  action: z.string(),
  /** On what: kind and id of every document. */
  objects: z.array(z.string()),
  /** How the documents were, and how they are to be; undefined where there is none. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** `failed` tells of the record `of` that its action did not take effect after all. */
  outcome: z.enum(['begun', 'failed']),
  of: z.string().optional(),
  reason: z.string().optional(),
});

/** One admin action. */
export type AuditRecord = z.infer<typeof auditRecordSchema>;
