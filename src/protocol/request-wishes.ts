import { invalidRequest } from '../kernel/errors';
import { type JsonObject } from './canonical/canonical-request';
import { isJsonObject } from './json-guards';

/** A model that the request wants asked in the place of its own. */
export interface WishedFallback {
  readonly model: string;
  /** Fields of the body that are different there; undefined when none are. */
  readonly changes?: JsonObject;
}

/** What a request says about its own routing: LiteLLM's extra fields and headers. Milliseconds. */
export interface RequestWishes {
  readonly numRetries?: number;
  readonly timeoutMs?: number;
  readonly streamTimeoutMs?: number;
  readonly fallbacks?: readonly WishedFallback[];
  readonly contextWindowFallbacks?: ReadonlyMap<string, readonly string[]>;
  readonly contentPolicyFallbacks?: ReadonlyMap<string, readonly string[]>;
  readonly disableFallbacks?: true;
  readonly tags?: readonly string[];
  readonly session?: string;
  /** Of `mock_testing_*`, `mock_timeout`. */
  readonly pretend?: 'fallbacks' | 'context_window' | 'content_policy' | 'rate_limit' | 'timeout';
  readonly mockResponse?: string;
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/** More is not tried for one request, whatever it asks for. */
const mostRetries = 10;
const mostFallbacks = 5;
const mostTags = 32;
const longestTimeoutMs = 7_200_000;

const pretences: readonly (readonly [field: string, pretence: NonNullable<RequestWishes['pretend']>])[] = [
  ['mock_testing_fallbacks', 'fallbacks'],
  ['mock_testing_context_window_fallbacks', 'context_window'],
  ['mock_testing_context_fallbacks', 'context_window'],
  ['mock_testing_content_policy_fallbacks', 'content_policy'],
  ['mock_testing_rate_limit_error', 'rate_limit'],
  ['mock_timeout', 'timeout'],
];
/** Sessions of clients, most telling first. */
const sessionHeaders = ['x-litellm-session-id', 'session-id', 'session_id', 'conversation_id', 'thread-id'];

/** Fields of a body that are read here; everything else need not be looked at. */
const bodyFields: readonly string[] = [
  'num_retries', 'timeout', 'stream_timeout', 'fallbacks', 'context_window_fallbacks', 'content_policy_fallbacks',
  'disable_fallbacks', 'tags', 'metadata', 'litellm_metadata', 'litellm_session_id', 'session_id', 'mock_response',
  ...pretences.map(([field]) => field),
]; // prettier-ignore

/** The part of a body that says something about routing; undefined when nothing does. */
export function wishFieldsOf(body: unknown): JsonObject | undefined {
  if (!isJsonObject(body)) return undefined;
  let found: JsonObject | undefined;
  for (const name of bodyFields) {
    const value = body[name];
    if (value !== undefined && value !== null) (found ??= {})[name] = modest(name, value);
  }
  return found;
}

/** Of metadata only what is read; of lists as much as can count. A request may bring hundreds of thousands of entries. */
function modest(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, mostRead).map((entry) => shortened(entry, name));
  return isJsonObject(value) && metadataFields.has(name)
    ? { tags: listStart(value['tags']), session_id: value['session_id'] }
    : value;
}

/** @throws {GatewayError} 400 for more groups in one entry than anybody has. */
function shortened(entry: unknown, field: string): unknown {
  if (!isJsonObject(entry)) return entry;
  if (Object.keys(entry).length > mostRead)
    throw invalidRequest(`An entry of '${field}' has at most ${mostRead} members.`, field);
  return entry;
}

function listStart(value: unknown): unknown {
  return Array.isArray(value) ? (value as readonly unknown[]).slice(0, mostRead) : undefined;
}

/** Entries of a list that are looked at. */
const mostRead = 1_000;
const metadataFields: ReadonlySet<string> = new Set(['metadata', 'litellm_metadata']);

/**
 * Reads body before headers. Names that LiteLLM knows and that mean nothing here are passed over.
 *
 * @param fields of `wishFieldsOf`, decoded.
 * @param headers lower-case names.
 * @throws {GatewayError} 400 that names the field.
 */
export function readWishes(fields: JsonObject | undefined, headers: Headers): RequestWishes {
  const body = fields ?? noFields;
  const all: Loose<RequestWishes> = {
    numRetries: countIn(body, 'num_retries') ?? countInHeader(headers, 'x-litellm-num-retries'),
    timeoutMs: secondsIn(body, 'timeout') ?? secondsInHeader(headers, 'x-litellm-timeout'),
    streamTimeoutMs: secondsIn(body, 'stream_timeout') ?? secondsInHeader(headers, 'x-litellm-stream-timeout'),
    fallbacks: fallbacksIn(body['fallbacks']),
    contextWindowFallbacks: listIn(body, 'context_window_fallbacks'),
    contentPolicyFallbacks: listIn(body, 'content_policy_fallbacks'),
    disableFallbacks: body['disable_fallbacks'] === true ? true : undefined,
    tags: tagsIn(body, headers),
    session: sessionIn(body, headers),
    pretend: pretences.find(([field]) => body[field] === true)?.[1],
    mockResponse: typeof body['mock_response'] === 'string' ? body['mock_response'] : undefined,
  };
  for (const name in all) {
    if (all[name as keyof RequestWishes] !== undefined) return withoutUndefined(all);
  }
  return noWishes;
}

const noFields: JsonObject = {};
/** Of nearly every request. */
const noWishes: RequestWishes = {};

function withoutUndefined(all: Loose<RequestWishes>): RequestWishes {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function countIn(body: JsonObject, field: string): number | undefined {
  const value = body[field];
  return value === undefined ? undefined : Math.min(wholeNumber(value, field), mostRetries);
}

function countInHeader(headers: Headers, name: string): number | undefined {
  const text = textOf(headers, name);
  return text === undefined ? undefined : Math.min(wholeNumber(Number(text), name), mostRetries);
}

function wholeNumber(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw invalidRequest(`'${field}' must be a whole number, 0 or more.`, field);
}

function secondsIn(body: JsonObject, field: string): number | undefined {
  const value = body[field];
  return value === undefined ? undefined : milliseconds(value, field);
}

function secondsInHeader(headers: Headers, name: string): number | undefined {
  const text = textOf(headers, name);
  return text === undefined ? undefined : milliseconds(Number(text), name);
}

function milliseconds(value: unknown, field: string): number {
  if (typeof value === 'number' && value > 0) return Math.min(Math.ceil(value * 1_000), longestTimeoutMs);
  throw invalidRequest(`'${field}' must be seconds, a number above 0.`, field);
}

function fallbacksIn(value: unknown): readonly WishedFallback[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongFallbacks('fallbacks');
  return value.slice(0, mostFallbacks).map((each: unknown) => {
    if (typeof each === 'string' && each !== '') return { model: each };
    if (!isJsonObject(each) || typeof each['model'] !== 'string') throw wrongFallbacks('fallbacks');
    const changes = Object.fromEntries(Object.entries(each).filter(([name]) => name !== 'model'));
    return { model: each['model'], ...(Object.keys(changes).length === 0 ? {} : { changes }) };
  });
}

/** `[{"a": ["b"]}]`, as in the file. */
function listIn(body: JsonObject, field: string): ReadonlyMap<string, readonly string[]> | undefined {
  const value = body[field];
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongFallbacks(field);
  const list = new Map<string, readonly string[]>();
  for (const each of value as readonly unknown[]) {
    if (!isJsonObject(each)) throw wrongFallbacks(field);
    for (const [group, names] of Object.entries(each)) list.set(group, namesIn(names, field));
  }
  return list;
}

function namesIn(value: unknown, field: string): readonly string[] {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (names.every((name): name is string => typeof name === 'string')) return names.slice(0, mostFallbacks);
  throw wrongFallbacks(field);
}

function wrongFallbacks(field: string): Error {
  const shape =
    field === 'fallbacks' ? '["other-model"] or [{"model": "other-model"}]' : '[{"model": ["other-model"]}]';
  return invalidRequest(`'${field}' must be a list such as ${shape}.`, field);
}

/** Of the body, of its metadata, and of the header; each once. */
function tagsIn(body: JsonObject, headers: Headers): readonly string[] | undefined {
  if (body === noFields && headers['x-litellm-tags'] === undefined) return undefined;
  const listed = [body['tags'], memberOf(body['metadata'], 'tags'), memberOf(body['litellm_metadata'], 'tags')];
  const header = textOf(headers, 'x-litellm-tags')?.split(',') ?? [];
  const tags = [...listed.flatMap((list) => (Array.isArray(list) ? (list as readonly unknown[]) : [])), ...header]
    .filter((tag): tag is string => typeof tag === 'string')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  return tags.length === 0 ? undefined : [...new Set(tags)].slice(0, mostTags);
}

function sessionIn(body: JsonObject, headers: Headers): string | undefined {
  if (body === noFields) return sessionOf(headers);
  const named = [body['litellm_session_id'], body['session_id'], memberOf(body['metadata'], 'session_id')];
  const own = named.find((id): id is string => typeof id === 'string' && id !== '');
  return own ?? sessionOf(headers);
}

function sessionOf(headers: Headers): string | undefined {
  for (const name of sessionHeaders) {
    const id = textOf(headers, name);
    if (id !== undefined) return id;
  }
  return undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined;
}

function textOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
