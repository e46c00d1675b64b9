import { type AccessToken } from '../auth/access-tokens';

/** Who we say we are, towards the Codex backend. */
export interface CodexIdentity {
  readonly originator: string;
  /** `<originator>/<version of this gateway>`. */
  readonly userAgent: string;
  /** Codex client version we speak; gates models (protocol 6.1). */
  readonly clientVersion: string;
}

/** The header that selects the lite profile, and is refused on models without it (protocol 4.5). */
export const liteHeader = 'x-openai-internal-codex-responses-lite';

/** A CLI's identity headers, which the native surface forwards as they came. Besides these, every `x-codex-…`. */
const identityHeaders: ReadonlySet<string> = new Set([
  'originator',
  'user-agent',
  'version',
  'session-id',
  'thread-id',
  'session_id',
  'conversation_id',
  'x-client-request-id',
  'openai-beta',
  liteHeader,
]);

/** What a session id may look like to become a header. */
const sessionId = /^[\x21-\x7e]{1,256}$/;

/** Headers that every call with this login carries, in any conversation. */
export function accountHeaders(token: AccessToken): Record<string, string> {
  const headers: Record<string, string> = { authorization: `Bearer ${token.bearer}` };
  if (token.accountId !== undefined) headers['chatgpt-account-id'] = token.accountId;
  if (token.isFedramp) headers['x-openai-fedramp'] = 'true';
  return headers;
}

/** The headers of a call with its login's; they are made for one sending and may be changed by it. */
export function withAccount(headers: Record<string, string>, token: AccessToken | undefined): Record<string, string> {
  return token === undefined ? headers : Object.assign(headers, accountHeaders(token));
}

/** Our own name and the client version, for calls that no CLI stands behind. */
export function gatewayHeaders(identity: CodexIdentity): Record<string, string> {
  return { originator: identity.originator, 'user-agent': identity.userAgent, version: identity.clientVersion };
}

/** Headers of a request in the inner language, but for the account's. A session is named only when the caller named one. */
export function canonicalHeaders(
  identity: CodexIdentity,
  profile: 'ordinary' | 'lite',
  cacheKey: string | undefined,
): Record<string, string> {
  const headers = gatewayHeaders(identity);
  headers['content-type'] = 'application/json';
  headers['accept'] = 'text/event-stream';
  if (profile === 'lite') headers[liteHeader] = 'true';
  if (cacheKey !== undefined && sessionId.test(cacheKey)) {
    headers['session-id'] = cacheKey;
    headers['thread-id'] = cacheKey;
    headers['x-client-request-id'] = cacheKey;
  }
  return headers;
}

/** Headers of a CLI's own request, but for the account's: its identity as it came, ours only where it has none. */
export function nativeHeaders(
  identity: CodexIdentity,
  incoming: Readonly<Record<string, string>>,
  accept: string,
): Record<string, string> {
  const headers = gatewayHeaders(identity);
  for (const name in incoming) {
    const value = incoming[name];
    if (value !== undefined && (identityHeaders.has(name) || name.startsWith('x-codex-'))) headers[name] = value;
  }
  headers['content-type'] = 'application/json';
  headers['accept'] = accept;
  return headers;
}

/**
 * What of an answer's headers may reach the client. Everything else stays: limits and credits are the operator's,
 * a foreign `openai-model` or `x-models-etag` makes the CLI draw wrong conclusions.
 *
 * @param showsPlanQuota the operator lets clients see the account's windows and credits.
 */
export function passHeaders(
  headers: Readonly<Record<string, string>>,
  showsPlanQuota: boolean,
): Record<string, string> {
  const passed: Record<string, string> = {};
  if (showsPlanQuota) {
    for (const name in headers) {
      if (isQuotaHeader(name)) passed[name] = headers[name] ?? '';
    }
  }
  const turnState = headers['x-codex-turn-state'];
  if (turnState !== undefined) passed['x-codex-turn-state'] = turnState;
  const requestId = headers['x-request-id'] ?? headers['x-oai-request-id'];
  if (requestId !== undefined) passed['x-upstream-request-id'] = requestId;
  return passed;
}

/** Windows, credits and plan of an account, as the Codex CLI reads them. */
function isQuotaHeader(name: string): boolean {
  if (!name.startsWith('x-codex-')) return false;
  return (
    name === 'x-codex-plan-type' ||
    name === 'x-codex-active-limit' ||
    name.startsWith('x-codex-credits-') ||
    name.endsWith('-limit-name') ||
    /-(primary|secondary)-/.test(name)
  );
}
