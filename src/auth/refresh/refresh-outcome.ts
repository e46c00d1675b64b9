import { z } from 'zod';
import { jsonIn } from '../../kernel/json-text';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { type AdviceKind } from '../../state/credentials/credential-record';

/** Tokens of a successful answer; each may be absent and then stays what it was. */
export interface RenewedTokens {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** Life of the access token from its receipt, milliseconds. */
  readonly lifetimeMs: number | undefined;
}

/** How a token call ended. */
export type RefreshOutcome =
  | { readonly kind: 'renewed'; readonly tokens: RenewedTokens }
  /** A listed refusal: this refresh token is dead. */
  | { readonly kind: 'permanent'; readonly code: string; readonly advice: Exclude<AdviceKind, ''> }
  /** Answered and not processed: may be tried again. */
  | { readonly kind: 'transient'; readonly code: string; readonly retryAfterMs: number | undefined }
  /** It never left this machine. */
  | { readonly kind: 'not_sent'; readonly code: string }
  /** Sent, and nobody knows what became of it. */
  | { readonly kind: 'uncertain'; readonly code: string };

/** Codes that end a refresh token, whatever 4xx they come with (protocol 3.4). */
const permanentCodes: ReadonlyMap<string, Exclude<AdviceKind, ''>> = new Map([
  ['refresh_token_expired', 'login_again'],
  ['refresh_token_reused', 'own_login'],
  ['refresh_token_invalidated', 'login_again'],
  ['token_expired', 'login_again'],
  ['invalid_grant', 'login_again'],
]);

const errorSchema = z.looseObject({
  error: z.union([z.looseObject({ code: z.unknown().optional() }), z.string()]).nullish(),
  code: z.unknown().optional(),
});
const word = z.string().min(1);
const tokensSchema = z.looseObject({
  access_token: word.optional().catch(undefined),
  refresh_token: word.optional().catch(undefined),
  id_token: word.optional().catch(undefined),
  expires_in: z.coerce.number().positive().max(31_536_000).optional().catch(undefined),
});

/** Machine codes of errors that happen before a byte of the request is written. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|UND_ERR_CONNECT_TIMEOUT|CERT_.+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.+|ERR_TLS_.+|ERR_SSL_.+|upstream_connect_timeout)$/;

/** Reads an answer of the token endpoint. */
export function judgeAnswer(
  status: number,
  headers: Readonly<Record<string, string>>,
  bodyText: string,
): RefreshOutcome {
  const body = jsonIn(bodyText);
  if (status === 200) return renewedOf(body);
  const code = errorCodeOf(body);
  const advice = code === undefined ? undefined : permanentCodes.get(code);
  if (status >= 400 && status < 500 && code !== undefined && advice !== undefined) {
    return { kind: 'permanent', code, advice };
  }
  if (status === 401) return { kind: 'permanent', code: 'unknown_401', advice: 'login_again' };
  return { kind: 'transient', code: `http_${status}`, retryAfterMs: retryAfterOf(headers['retry-after']) };
}

/** Whether a failed call certainly never reached the token endpoint. */
export function neverSent(error: unknown): boolean {
  if (error instanceof UpstreamFailure) {
    return beforeSending.test(error.details.code ?? '') || neverSent(error.details.cause);
  }
  if (typeof error !== 'object' || error === null) return false;
  // Several addresses were tried; every one of them has to have failed early.
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return error.errors.every(neverSent);
  return 'code' in error && typeof error.code === 'string' && beforeSending.test(error.code);
}

function renewedOf(body: unknown): RefreshOutcome {
  const read = tokensSchema.safeParse(body);
  if (!read.success) return { kind: 'uncertain', code: 'unreadable_answer' };
  const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken, expires_in: seconds } = read.data;
  // A success that gives nothing to go on with has perhaps spent the token.
  if (accessToken === undefined && refreshToken === undefined) return { kind: 'uncertain', code: 'empty_answer' };
  const lifetimeMs = seconds === undefined ? undefined : Math.round(seconds * 1_000);
  return { kind: 'renewed', tokens: { accessToken, refreshToken, idToken, lifetimeMs } };
}

/** `error.code`, else `error` itself, else top-level `code`; lower case. */
function errorCodeOf(body: unknown): string | undefined {
  const read = errorSchema.safeParse(body);
  if (!read.success) return undefined;
  const { error, code } = read.data;
  const found = typeof error === 'string' ? error : (error?.code ?? code);
  return typeof found === 'string' ? found.toLowerCase() : undefined;
}

function retryAfterOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : undefined;
}
