import { type Answer, cutAfterBytes, json, refusedConnection, silence, withHeaders } from './answer';
import { errorEvent, failedEvent, incomplete, noTerminalEvent, refusal, text } from './answers';

/** Any status with any body; objects are sent as JSON, text as text. */
export function httpError(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return json(status, body, headers);
}

/** A page such as a proxy in between shows. */
export function htmlPage(status: number, title = 'Bad gateway'): Answer {
  const page = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return json(status, page, { 'content-type': 'text/html; charset=UTF-8' });
}

/** A block by the edge network: HTML, never meant for our callers. */
function cloudflare(status: number, title: string): Answer {
  return withHeaders(htmlPage(status, title), { server: 'cloudflare', 'cf-mitigated': 'challenge' });
}

/** The quota window is empty; the time left is told in the body and in the headers. */
export function usageLimit(resetsInSeconds = 13_872): Answer {
  const resetsAt = Math.floor(Date.now() / 1000) + resetsInSeconds;
  const error = {
    type: 'usage_limit_reached',
    message: 'The usage limit has been reached',
    plan_type: 'plus',
    resets_at: resetsAt,
    eligible_promo: null,
    resets_in_seconds: resetsInSeconds,
  };
  return json(
    429,
    { error },
    {
      'x-codex-active-limit': 'codex',
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-reset-after-seconds': String(resetsInSeconds),
      'x-codex-primary-reset-at': String(resetsAt),
    },
  );
}

/** A short burst limit, with `retry-after` unless given null. */
export function burst429(retryAfterSeconds: number | null = 2): Answer {
  const error = {
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached. Please try again in 1.5s.',
    type: 'tokens',
  };
  return json(429, { error }, retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) });
}

function modelLayer(code: string, param: string | null = null): Answer {
  const message = `The simulator refuses this request with ${code}.`;
  return json(400, { error: { message, type: 'invalid_request_error', param, code } });
}

function refreshFailure(code: string, message: string, status = 401): Answer {
  return json(status, { error: { message, type: 'invalid_request_error', param: null, code } });
}

function unauthorized(code: string): Answer {
  return json(401, { error: { message: 'Your authentication token is not valid.', code }, status: 401 });
}

/** Every failure that the protocol notes name, ready to be scripted. Each value is a fresh answer and may be reused. */
export const faults = {
  detail400: json(400, { detail: 'Unsupported parameter: something' }),
  cyberPolicy400: modelLayer('cyber_policy'),
  invalidImage400: modelLayer('invalid_value', 'input[0].content[0].image_url'),
  contextLength400: modelLayer('context_length_exceeded', 'input'),
  invalidEncryptedContent400: modelLayer('invalid_encrypted_content'),
  unauthorized401: json(401, { detail: 'Unauthorized' }),
  tokenExpired401: unauthorized('token_expired'),
  tokenInvalidated401: unauthorized('token_invalidated'),
  missingScopes401: json(401, 'You have insufficient permissions. Missing scopes: api.responses.write'),
  deactivatedWorkspace402: json(402, { detail: { code: 'deactivated_workspace' } }),
  invalidWorkspace403: json(403, { detail: { code: 'invalid_workspace_selected' } }),
  cloudflare403: cloudflare(403, 'Just a moment...'),
  cloudflareBlocked403: cloudflare(403, 'Sorry, you have been blocked'),
  notFound404: json(404, { detail: 'Not Found' }),
  unknown404: json(404, 'Unknown error'),
  usageLimit404: json(404, { error: { type: 'usage_limit_reached', message: 'The usage limit has been reached' } }),
  modelNotFound404: json(404, { detail: 'Model not found gpt-5.6-luna' }),
  tooLarge413: json(413, ''),
  usageLimit: usageLimit(),
  usageNotIncluded429: json(429, { error: { type: 'usage_not_included', message: 'Codex is not part of this plan' } }),
  burst429: burst429(),
  burst429WithoutHeader: burst429(null),
  server500: json(500, { error: { message: 'Internal server error', type: 'server_error', code: null } }),
  html502: htmlPage(502),
  html504: htmlPage(504, 'Gateway time-out'),
  overloaded503: json(503, { error: { code: 'server_is_overloaded', message: 'The model is at capacity' } }),
  slowDown503: json(503, { error: { code: 'slow_down', message: 'Please slow down' } }),
  failedContextLength: failedEvent('context_length_exceeded', 'The input does not fit the context window.'),
  failedQuota: failedEvent('insufficient_quota', 'The quota of this account is used up.'),
  failedUsageNotIncluded: failedEvent('usage_not_included', 'Codex is not part of this plan.'),
  failedUsageLimit: failedEvent('usage_limit_reached', 'The usage limit has been reached.'),
  failedRateLimit: failedEvent('rate_limit_exceeded', 'Rate limit reached. Please try again in 1.5s.'),
  failedOverloaded: failedEvent('server_is_overloaded', 'The model is at capacity.'),
  failedServerError: failedEvent('server_error', 'The server failed on this request.'),
  failedInvalidPrompt: failedEvent('invalid_prompt', 'The prompt is not valid.'),
  failedCyberPolicy: failedEvent('cyber_policy', 'The request touches a policy.'),
  failedAfterText: failedEvent('server_error', 'The server failed on this request.', 'Half of an'),
  errorEvent: errorEvent({ code: 'server_error', message: 'The stream failed.', param: null }),
  errorEventNested: errorEvent({
    status: 429,
    error: {
      type: 'usage_limit_reached',
      code: null,
      message: 'The usage limit has been reached',
      resets_in_seconds: 60,
    },
    headers: { 'retry-after': '60' },
  }),
  incompleteMaxTokens: incomplete('max_output_tokens', 'This goes on and'),
  incompleteContentFilter: incomplete('content_filter', 'This is'),
  refusal: refusal('I cannot help with that.'),
  noTerminalEvent: noTerminalEvent('This never says that it is over'),
  mislabelled: withHeaders(text('Labelled as something else'), { 'content-type': 'application/json' }),
  emptyBody: json(200, '', { 'content-type': 'text/event-stream' }),
  eofBeforeContent: cutAfterBytes(text('Never seen'), 200),
  resetBeforeContent: cutAfterBytes(text('Never seen'), 200, 'reset'),
  refusedConnection: refusedConnection(),
  silence: silence(),
  refreshExpired: refreshFailure('refresh_token_expired', 'The refresh token has expired.'),
  refreshReused: refreshFailure('refresh_token_reused', 'The refresh token was used before. Please sign in again.'),
  refreshInvalidated: refreshFailure('refresh_token_invalidated', 'The refresh token was revoked.'),
  refreshTokenExpired: refreshFailure('token_expired', 'Could not validate your token.'),
  refreshInvalidGrant: json(400, { error: 'invalid_grant' }),
  refreshUnknown401: json(401, { message: 'No code at all' }),
  refresh429: json(429, { error: { code: 'rate_limit_exceeded', message: 'Too many refreshes' } }),
  refreshEmptyAnswer: json(200, {}),
  githubLimit403: json(403, { message: 'API rate limit exceeded' }, { 'x-ratelimit-remaining': '0' }),
} as const satisfies Readonly<Record<string, Answer>>;
