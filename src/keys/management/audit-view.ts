import { scrub } from '../../telemetry/scrub';

const secretName = /(^|_|-)(key|secrets?|password|token|credentials?|authorization|hash)$/i;
/** Names whose values say who a person is. */
const personalNames: ReadonlySet<string> = new Set(['user_email', 'user_alias']);

/**
 * A row as it is kept in the audit log: without secrets, and without what a person may ask to have forgotten, since
 * records outlive the person's documents. That something changed stays visible.
 */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (personalNames.has(name)) return [name, '[personal]'];
      if (name === 'metadata') return [name, namesIn(inner)];
      if (secretName.test(name)) return [name, '[redacted]'];
      return [name, withoutSecrets(inner)];
    }),
  );
}

/** What people write into metadata is theirs: only under which names. */
function namesIn(metadata: unknown): unknown {
  return typeof metadata === 'object' && metadata !== null ? Object.keys(metadata) : metadata;
}
