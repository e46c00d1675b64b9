import { type PlanQuota } from '../../kernel/plan-quota';
import { type FailureKind, UpstreamFailure } from '../../kernel/upstream-failure';
import { asObject, asString, parsedObject } from '../canonical/parsed-event';
import { exhaustedUntil, quotaOf } from './quota-headers';
import { type UpstreamWords, wordsOf, wordsOfBody } from './upstream-words';

/** An upstream answer that is no stream. */
export interface RefusedAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, or its first part; only JSON sentences of it are ever told. */
  readonly bodyText: string;
  /** Unix milliseconds, for times given relative to now. */
  readonly nowMs: number;
}

/** Longest wait we believe: no plan window is longer than a month. */
const longestWaitMs = 31 * 86_400_000;

const kindOfName: Readonly<Record<string, FailureKind>> = {
  usage_limit_reached: 'quota_exhausted',
  usage_not_included: 'quota_exhausted',
  insufficient_quota: 'quota_exhausted',
  billing_hard_limit_reached: 'quota_exhausted',
  organization_spend_limit_exceeded: 'quota_exhausted',
  rate_limit_exceeded: 'rate_limited',
  server_is_overloaded: 'overloaded',
  slow_down: 'overloaded',
  overloaded_error: 'overloaded',
  websocket_connection_limit_reached: 'overloaded',
  server_error: 'server_error',
  internal_server_error: 'server_error',
  context_length_exceeded: 'context_too_long',
  invalid_prompt: 'content_policy',
  cyber_policy: 'content_policy',
  bio_policy: 'content_policy',
  content_policy_violation: 'content_policy',
  content_filter: 'content_policy',
  model_not_found: 'model_unavailable',
  token_expired: 'unauthorized',
  token_invalidated: 'unauthorized',
  token_revoked: 'unauthorized',
  invalid_api_key: 'unauthorized',
  deactivated_workspace: 'workspace_refused',
  invalid_workspace_selected: 'workspace_refused',
  // Weak names come as `type` beside a better `code`, which is looked at first.
  rate_limit_error: 'rate_limited',
  authentication_error: 'unauthorized',
};

/**
 * Sentences by which a failure without a machine name is known. Order counts. Upstreams quote what a caller wrote (names of
 * fields, values, ids) behind words of their own: what is blamed on an account or a model counts from the beginning only.
 */
const kindOfSentence: readonly (readonly [RegExp, FailureKind])[] = [
  [/^(?:this|the \S{1,258}) model is not supported when using/i, 'model_unavailable'],
  [/^model not found|^(?:the )?(?:requested )?model \S{1,258} does not exist/i, 'model_unavailable'],
  [/^(?:you have insufficient permissions[^:]{0,80}\. )?missing scopes/i, 'unauthorized'],
  [/context window|maximum context length/i, 'context_too_long'],
];

const kindOfStatus: Readonly<Record<number, FailureKind>> = {
  401: 'unauthorized',
  402: 'workspace_refused',
  403: 'workspace_refused',
  // A wrong path or an outage of the account's shard: neither is the fault of the caller's request.
  404: 'server_error',
  408: 'timeout',
  413: 'context_too_long',
  425: 'overloaded',
  429: 'rate_limited',
  503: 'overloaded',
  529: 'overloaded',
};

/** Our sentence for kinds where the upstream's own would tell about the operator's account, or says nothing. */
const ownSentence: Readonly<Record<FailureKind, string>> = {
  rate_limited: 'The upstream account is rate limited for a moment. Try again shortly.',
  quota_exhausted: 'The upstream plan has used up its quota for this window.',
  unauthorized:
    'The upstream did not accept the login of this gateway. Your key is fine; the operator has to sign in again.',
  workspace_refused:
    'The upstream refused the workspace of this gateway. Your key is fine; the operator has to check the account.',
  blocked: 'A network edge in front of the upstream blocked this gateway. Your key and your request are fine.',
  overloaded: 'The upstream has no capacity for this model at the moment.',
  server_error: 'The upstream failed to answer this request.',
  context_too_long: 'The input is longer than the context window of this model.',
  content_policy: 'The upstream refused this prompt by its content policy.',
  invalid_request: 'The upstream refused this request as invalid.',
  model_unavailable: 'The upstream account cannot use this model.',
  network: 'The upstream could not be reached.',
  timeout: 'The upstream did not answer in time.',
  cut: 'The upstream ended its answer in the middle.',
  client_gone: 'The client closed the connection.',
};

const tellsUpstreamWords: ReadonlySet<FailureKind> = new Set([
  'server_error',
  'context_too_long',
  'content_policy',
  'invalid_request',
  'model_unavailable',
]);

/** An HTTP answer that is no stream → what went wrong. Never carries a page, and of JSON only the error sentence. */
export function failureOfAnswer(answer: RefusedAnswer): UpstreamFailure {
  const { status, headers, bodyText, nowMs } = answer;
  if (isPage(headers, bodyText)) return build(kindOfPage(answer), noWords, { status, headers, nowMs });
  const words = withHeaderName(wordsOfBody(bodyText), headers);
  return build(classify(words, status, bodyText), words, { status, headers, nowMs });
}

/** A `response.failed` or `error` event → what went wrong. `eventJson` is wire text; unreadable JSON is a `server_error`. */
export function failureOfEvent(eventJson: string, nowMs: number): UpstreamFailure {
  const event = parsedObject(eventJson) ?? {};
  const status = event['status'] ?? event['status_code'] ?? asObject(event['error'])?.['status'];
  const words = wordsOf(event);
  const known = typeof status === 'number' && status >= 400 ? status : undefined;
  return build(classify(words, known, ''), words, { status: known, headers: textHeaders(event['headers']), nowMs });
}

interface Circumstances {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

const noWords: UpstreamWords = {
  names: [],
  message: undefined,
  param: undefined,
  resetAtMs: undefined,
  resetInMs: undefined,
};

function build(seemingly: FailureKind, words: UpstreamWords, around: Circumstances): UpstreamFailure {
  const quota = quotaOf(around.headers, around.nowMs);
  // A limit without a name is a burst, unless a window is used up.
  const isUsedUp = seemingly === 'rate_limited' && words.names.length === 0 && exhaustedUntil(quota) !== undefined;
  const kind = isUsedUp ? 'quota_exhausted' : seemingly;
  const { retryAfterMs, resetAtMs } = waitOf(kind, words, { ...around, quota });
  const [code] = words.names;
  return new UpstreamFailure({
    kind,
    message: (tellsUpstreamWords.has(kind) ? words.message : undefined) ?? ownSentence[kind],
    ...(code === undefined ? {} : { code: safeName(code) }),
    ...(words.param === undefined ? {} : { param: safeName(words.param) }),
    ...(around.status === undefined ? {} : { upstreamStatus: around.status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(resetAtMs === undefined ? {} : { resetAtMs }),
    ...(quota === undefined ? {} : { quota }),
  });
}

function classify(words: UpstreamWords, status: number | undefined, bodyText: string): FailureKind {
  for (const name of words.names) {
    const kind = kindOfName[name];
    if (kind !== undefined) return kind;
  }
  const byText = kindOfSentence.find(([pattern]) => pattern.test(words.message ?? ''));
  if (byText !== undefined) return byText[1];
  if (status === 404) return hiddenLimit(bodyText) ?? 'server_error';
  if (status === undefined) return words.names.includes('invalid_request_error') ? 'invalid_request' : 'server_error';
  return kindOfStatus[status] ?? (status >= 400 && status < 500 ? 'invalid_request' : 'server_error');
}

const hiddenNames = /(?<![\w'`-]|\\")(?:usage_limit_reached|usage_not_included|rate_limit_exceeded)(?![\w'`-]|\\")/i;

/** Some accounts see their limits as a 404 in one envelope or another; an id that a caller made up and that is quoted is none. */
function hiddenLimit(bodyText: string): FailureKind | undefined {
  const name = hiddenNames.exec(bodyText)?.[0].toLowerCase();
  return name === undefined ? undefined : kindOfName[name];
}

/** The identity service puts its code into a header: base64 of `{"error":{"code"}}`. */
function withHeaderName(words: UpstreamWords, headers: Readonly<Record<string, string>>): UpstreamWords {
  const sealed = headers['x-error-json'];
  if (words.names.length > 0 || sealed === undefined) return words;
  const { names } = wordsOf(parsedObject(Buffer.from(sealed, 'base64').toString('latin1')) ?? {});
  return { ...words, names };
}

function isPage(headers: Readonly<Record<string, string>>, bodyText: string): boolean {
  return (
    headers['cf-mitigated'] !== undefined ||
    (headers['content-type']?.includes('html') ?? false) ||
    bodyText.trimStart().startsWith('<')
  );
}

function kindOfPage({ status, headers, bodyText }: RefusedAnswer): FailureKind {
  if (headers['cf-mitigated'] !== undefined || status < 400) return 'blocked';
  if (/just a moment|attention required|you have been blocked|cf-chl|enable javascript and cookies/i.test(bodyText)) {
    return 'blocked';
  }
  if (status === 401 || status === 429) return kindOfStatus[status] ?? 'blocked';
  return status < 500 ? 'blocked' : 'server_error';
}

interface Wait {
  readonly retryAfterMs: number | undefined;
  readonly resetAtMs: number | undefined;
}

/** Kinds that end by themselves after a while. */
const passing: ReadonlySet<FailureKind> = new Set(['quota_exhausted', 'rate_limited', 'overloaded', 'server_error']);

interface WaitGround extends Circumstances {
  readonly quota: PlanQuota | undefined;
}

function waitOf(kind: FailureKind, words: UpstreamWords, around: WaitGround): Wait {
  const wait = passing.has(kind) ? namedWait(kind, words, around) : undefined;
  if (wait === undefined || !Number.isFinite(wait)) return { retryAfterMs: undefined, resetAtMs: undefined };
  const retryAfterMs = Math.ceil(Math.min(Math.max(wait, 0), longestWaitMs));
  const limited = kind === 'quota_exhausted' || kind === 'rate_limited';
  return { retryAfterMs, resetAtMs: limited ? around.nowMs + retryAfterMs : undefined };
}

/**
 * A moment that is named wins. Of a span in the words and a `retry-after` header, as bursts have both, the longer one counts:
 * who comes back after the shorter one is refused again. Then the window that is used up.
 */
function namedWait(kind: FailureKind, words: UpstreamWords, { headers, nowMs, quota }: WaitGround): number | undefined {
  if (words.resetAtMs !== undefined) return words.resetAtMs - nowMs;
  const header = retryAfterOf(headers, nowMs);
  const told = kind === 'quota_exhausted' ? (words.resetInMs ?? header) : longer(words.resetInMs, header);
  if (told !== undefined || kind !== 'quota_exhausted') return told;
  const until = exhaustedUntil(quota);
  return until === undefined ? undefined : until - nowMs;
}

function longer(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

/** `retry-after-ms`, or `retry-after` as seconds or as an HTTP date. */
function retryAfterOf(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (exact > 0) return exact;
  const text = headers['retry-after']?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date - nowMs;
}

function textHeaders(value: unknown): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, entry] of Object.entries(asObject(value) ?? {})) {
    const text = asString(entry) ?? (typeof entry === 'number' ? String(entry) : undefined);
    if (text !== undefined) headers[name.toLowerCase()] = text;
  }
  return headers;
}

/** Machine names and field paths only; anything else is cut down to their alphabet. */
function safeName(text: string): string {
  return text.replace(/[^\w.[\]-]/g, '_').slice(0, 120);
}
