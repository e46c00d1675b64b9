import { keyShape, plainValuesAt, type PlainValues } from '../../kernel/plain-values';
import { wellFormed } from '../../kernel/well-formed';
import { type JsonObject } from '../canonical/canonical-request';
import { isJsonObject } from '../json-guards';

/** What a request says about itself beside its question, in LiteLLM's words. Nothing here reaches an upstream. */
export interface CallExtras {
  /** End user on whose behalf it is made. */
  readonly customerId?: string | undefined;
  /** For routing and for the spend log; each once. */
  readonly tags: readonly string[];
  /** How many of the last of them have no daily figures of their own. Undefined: none. */
  readonly uncountedTags?: number | undefined;
  readonly sessionId?: string | undefined;
  /** `spend_logs_metadata`: the caller's own words for the spend log. */
  readonly metadata?: JsonObject | undefined;
  /** What its metadata says for labels of metrics that the operator made of metadata. */
  readonly labelled?: PlainValues | undefined;
}

/** Names of further headers, lower case. */
export interface ExtraHeaderNames {
  /** May carry the end user; the first that is there wins. */
  readonly customer: readonly string[];
  /** Each becomes a tag, `name: value`. */
  readonly tags: readonly string[];
  /** Paths in metadata that labels of metrics are made of. */
  readonly labels?: readonly string[];
}

const longestId = 256;
const longestTag = 128;
const mostTags = 32;
/** Tags of a list that are looked at. */
const mostRead = 1_000;
/** Characters of JSON. */
const longestMetadata = 4_096;
/** LiteLLM's order. */
const customerHeaders = ['x-litellm-customer-id', 'x-litellm-end-user-id'];

/**
 * Reads the extras of headers and body; what has another type than it should is left out, since none of it decides whether
 * the request can be answered. `customerId` and tags are made up by callers: they never stand in for the key.
 *
 * @param body its strings decoded.
 */
export function callExtras(headers: Headers, body: unknown, names: ExtraHeaderNames): CallExtras {
  const fields = isJsonObject(body) ? body : nothing;
  const own = objectOf(fields['metadata']);
  const litellm = objectOf(fields['litellm_metadata']);
  const labelled = names.labels === undefined ? undefined : plainValuesAt({ ...litellm, ...own }, names.labels);
  return {
    ...(labelled === undefined ? {} : { labelled }),
    customerId:
      customerIn(headers, fields, names) ??
      fit(longestId, litellm['user'], own['user_id'], fields['safety_identifier']),
    tags: tagsIn(headers['x-litellm-tags'], fields['tags'], own['tags'], litellm['tags'], headerTags(headers, names)),
    sessionId:
      fit(longestId, headers['x-litellm-session-id'], headers['x-litellm-trace-id'], fields['litellm_session_id']) ??
      fit(longestId, litellm['session_id'], own['session_id'], fields['session_id']),
    metadata: metadataIn(headers['x-litellm-spend-logs-metadata'], own, litellm),
  };
}

const nothing: JsonObject = {};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function customerIn(headers: Headers, fields: JsonObject, names: ExtraHeaderNames): string | undefined {
  for (const name of customerHeaders) {
    const id = fit(longestId, headers[name]);
    if (id !== undefined) return id;
  }
  for (const name of names.customer) {
    const id = fit(longestId, headers[name]);
    if (id !== undefined) return id;
  }
  return fit(longestId, fields['user']);
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : nothing;
}

/** The first that is a text, neither empty nor too long. */
function fit(longest: number, ...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    if (isName(value, longest)) return wellFormed(value);
  }
  return undefined;
}

function isName(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !keyShape.test(value);
}

const noTags: readonly string[] = [];

function tagsIn(header: string | string[] | undefined, ...lists: readonly unknown[]): readonly string[] {
  if (header === undefined && lists.every((list) => list === undefined)) return noTags;
  const written = typeof header === 'string' ? header.split(',').map((tag) => tag.trim()) : [];
  const listed = lists.flatMap((list): readonly unknown[] => (Array.isArray(list) ? list.slice(0, mostRead) : []));
  const tags = [...written, ...listed].filter((tag): tag is string => isName(tag, longestTag));
  return tags.length === 0 ? noTags : [...new Set(tags.map(wellFormed))].slice(0, mostTags);
}

/** Undefined when none is there. */
function headerTags(headers: Headers, { tags }: ExtraHeaderNames): readonly string[] | undefined {
  if (tags.length === 0) return undefined;
  const found = tags.flatMap((name) => (typeof headers[name] === 'string' ? [`${name}: ${headers[name]}`] : []));
  return found.length === 0 ? undefined : found;
}

function metadataIn(
  header: string | string[] | undefined,
  own: JsonObject,
  litellm: JsonObject,
): JsonObject | undefined {
  if (header === undefined && own === nothing && litellm === nothing) return undefined;
  const found = [headerJson(header), own['spend_logs_metadata'], litellm['spend_logs_metadata']].find(isJsonObject);
  if (found === undefined || isCrowded(found)) return undefined;
  const text = JSON.stringify(found);
  return text.length <= longestMetadata && !keyShape.test(text) ? found : undefined;
}

function headerJson(header: string | string[] | undefined): unknown {
  if (typeof header !== 'string') return undefined;
  try {
    return JSON.parse(header) as unknown;
  } catch {
    return undefined;
  }
}

/** More members than fit: writing them out to see how long they are would take seconds. */
function isCrowded(found: JsonObject): boolean {
  let count = 0;
  for (const name in found) {
    count += name.length + 5;
    if (count > longestMetadata) return true;
  }
  return false;
}

/** Whether there is any text in it that a caller chose. */
export function saysNothing({ customerId, tags, sessionId, metadata, labelled }: CallExtras): boolean {
  const isSilent = customerId === undefined && sessionId === undefined && metadata === undefined;
  return isSilent && labelled === undefined && tags.length === 0;
}
