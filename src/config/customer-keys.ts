import { z } from 'zod';
import { flag, key, reading, text } from './file-values';

/** Who a header speaks of, in LiteLLM's words. */
const customerRole = 'customer';

const names = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** Their values are keys, tokens or cookies; a customer's name stands in logs, reports and metrics. */
const carriersOfSecrets: ReadonlySet<string> = new Set([
  'authorization', 'proxy-authorization', 'cookie', 'x-litellm-api-key', 'x-api-key', 'api-key',
]); // prettier-ignore

/** Name of a header whose value may be shown. */
export const headerName = text
  .regex(names, { error: 'must be the name of an HTTP header' })
  .transform((name) => name.toLowerCase())
  .refine((name) => !carriersOfSecrets.has(name), {
    error: 'must not be a header that carries a key: the names of customers are shown in logs and reports',
  });

const mapping = z.looseObject(
  { header_name: headerName, litellm_user_role: text },
  { error: 'must be {header_name, litellm_user_role}' },
);
const mappings = reading(
  readMappings,
  'must be a list of {header_name, litellm_user_role}, none of a header that carries a key',
);

/** A header whose value is the name of an end user, or of somebody else. */
export interface HeaderMapping {
  /** Lower case. */
  readonly header: string;
  readonly role: string;
}

/** Keys of `general_settings` that say who the end user is, and what becomes of answers that nobody waits for. */
export const customerKeys = {
  user_header_name: key(headerName, 'one more header that may name the customer (end user)'),
  user_header_mappings: key(
    mappings,
    'headers that may name the customer (end user): litellm_user_role customer; other roles come with keys, not with headers',
  ),
  enforce_user_param: key(flag, 'true: a request that names no customer (end user) is refused'),
  reject_clientside_metadata_tags: key(
    flag,
    'true: a request that brings tags is refused; those of keys and teams stay',
  ),
  enforced_params: key(
    z.array(
      text.regex(/^[\w-]{1,64}(\.[\w-]{1,64}){0,3}$/, {
        error: 'must be names of fields, as `user` or `metadata.job`',
      }),
      {
        error: 'must be a list of fields',
      },
    ),
    'fields that every request must bring, as `user` or `metadata.job`',
  ),
  on_client_disconnect: key(
    z.enum(['drain', 'cancel'], { error: 'must be drain or cancel' }),
    'an answer whose client hung up: drain reads on for its usage, a few seconds; cancel ends it at once',
  ),
} as const;

/** Values of these keys as the file has them. */
export interface CustomerValues {
  readonly user_header_name?: string | null | undefined;
  readonly user_header_mappings?: readonly HeaderMapping[] | null | undefined;
  /** Carries keys here, whatever it is called. */
  readonly litellm_key_header_name?: string | null | undefined;
}

/** Headers that may name the customer, lower case, in the order in which they are asked; each once. */
export function customerHeadersOf(values: CustomerValues): readonly string[] {
  return [...new Set(namedIn(values).flatMap(({ header, why }) => (why === undefined ? [header] : [])))];
}

/** What of these keys has no effect, for the operator. */
export function customerWarnings(values: CustomerValues): readonly string[] {
  return namedIn(values).flatMap(({ place, header, why }) =>
    why === undefined ? [] : [`general_settings.${place}: ${header}: ignored, ${why}`],
  );
}

interface NamedHeader {
  readonly place: string;
  readonly header: string;
  /** Why it is not read; undefined when it is. */
  readonly why: string | undefined;
}

function namedIn(values: CustomerValues): readonly NamedHeader[] {
  const { user_header_name: name, user_header_mappings: mapped, litellm_key_header_name: keyHeader } = values;
  const whyNot = (header: string, role: string): string | undefined => {
    if (header === keyHeader?.toLowerCase()) return 'it is the header that carries the key';
    if (role === customerRole) return undefined;
    return 'only the role customer is read from a header; the key of a request says whose it is';
  };
  const mappings = (mapped ?? []).map(({ header, role }) => ({
    place: 'user_header_mappings',
    header,
    why: whyNot(header, role),
  }));
  if (typeof name !== 'string') return mappings;
  return [...mappings, { place: 'user_header_name', header: name, why: whyNot(name, customerRole) }];
}

/** One mapping or a list of them, as LiteLLM takes both. */
function readMappings(value: unknown): readonly HeaderMapping[] | undefined {
  const list: unknown = Array.isArray(value) ? value : [value];
  const read = z.array(mapping).safeParse(list);
  if (!read.success) return undefined;
  return read.data.map(({ header_name: header, litellm_user_role: role }) => ({ header, role: role.toLowerCase() }));
}
