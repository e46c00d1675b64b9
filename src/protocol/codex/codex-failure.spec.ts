import { event, windowHeaders } from '../../../test/support/answer-fixtures';
import { type FailureKind, type UpstreamFailure } from '../../kernel/upstream-failure';
import { failureOfAnswer, failureOfEvent } from './codex-failure';
import { quotaOf } from './quota-headers';

const nowMs = 1_777_922_696_000;

function answer(status: number, body: unknown, headers: Record<string, string> = {}): UpstreamFailure {
  const bodyText = typeof body === 'string' ? body : JSON.stringify(body);
  return failureOfAnswer({ status, headers, bodyText, nowMs });
}

describe('failureOfAnswer', () => {
  const challenge = '<!DOCTYPE html><title>Just a moment...</title>';
  it.each<[string, number, unknown, FailureKind, number]>([
    ['a refused parameter', 400, { detail: 'Unsupported parameter: top_p' }, 'invalid_request', 400],
    [
      'a refused value',
      400,
      { error: { message: 'bad', code: 'invalid_value', param: 'input[0].image_url' } },
      'invalid_request',
      400,
    ],
    [
      'a lost reasoning blob',
      400,
      { error: { message: 'x', code: 'invalid_encrypted_content' } },
      'invalid_request',
      400,
    ],
    ['a policy', 400, { error: { message: 'x', code: 'cyber_policy' } }, 'content_policy', 400],
    ['a long input', 400, { error: { message: 'x', code: 'context_length_exceeded' } }, 'context_too_long', 400],
    [
      'a long input in words',
      400,
      { detail: 'Your input exceeds the context window of this model.' },
      'context_too_long',
      400,
    ],
    [
      'a retired model',
      400,
      { detail: "The 'gpt-5' model is not supported when using Codex with a ChatGPT account." },
      'model_unavailable',
      404,
    ],
    [
      'a lite mismatch',
      400,
      { detail: 'This model is not supported when using X-OpenAI-Internal-Codex-Responses-Lite.' },
      'model_unavailable',
      404,
    ],
    [
      'validation of a field',
      422,
      { detail: [{ msg: 'field required' }, { msg: 'too short' }] },
      'invalid_request',
      400,
    ],
    ['no login', 401, { detail: 'Unauthorized' }, 'unauthorized', 503],
    ['an expired login', 401, { error: { message: 'x', code: 'token_expired' }, status: 401 }, 'unauthorized', 503],
    ['the wrong host', 401, { error: { message: 'Missing scopes: api.responses.write' } }, 'unauthorized', 503],
    ['a gone workspace', 402, { detail: { code: 'deactivated_workspace' } }, 'workspace_refused', 503],
    ['a wrong workspace', 403, { detail: { code: 'invalid_workspace_selected' } }, 'workspace_refused', 503],
    ['a challenge page', 403, challenge, 'blocked', 503],
    ['a challenge page as 503', 503, challenge, 'blocked', 503],
    ['a page instead of a stream', 200, '<html>hello</html>', 'blocked', 503],
    ['a wrong path', 404, { detail: 'Not Found' }, 'server_error', 502],
    ['a limit dressed as 404', 404, { detail: 'code usage_limit_reached' }, 'quota_exhausted', 429],
    ['a burst dressed as 404', 404, 'rate_limit_exceeded', 'rate_limited', 429],
    ['an unknown model', 404, { detail: 'Model not found gpt-9' }, 'model_unavailable', 404],
    ['a large body', 413, '', 'context_too_long', 400],
    ['a used-up plan', 429, { error: { type: 'usage_limit_reached', message: 'x' } }, 'quota_exhausted', 429],
    ['a plan without Codex', 429, { error: { type: 'usage_not_included' } }, 'quota_exhausted', 429],
    ['a burst', 429, { error: { code: 'rate_limit_exceeded', message: 'x' } }, 'rate_limited', 429],
    ['a bare 429', 429, '', 'rate_limited', 429],
    ['a broken backend', 500, { error: { message: 'oops' } }, 'server_error', 502],
    ['a gateway page', 502, '<html>Bad gateway</html>', 'server_error', 502],
    ['no capacity', 503, { error: { code: 'server_is_overloaded' } }, 'overloaded', 503],
    ['a slow-down', 503, { error: { code: 'slow_down' } }, 'overloaded', 503],
    ['a timeout', 504, '', 'server_error', 502],
  ])('knows %s', (...[, status, body, kind, shown]) => {
    const failure = answer(status, body);
    expect(failure.kind).toBe(kind);
    expect(failure.details.upstreamStatus).toBe(status);
    expect(failure.toGatewayError().status).toBe(shown);
    expect(failure.message).not.toMatch(/[<>]/);
    expect(failure.message.length).toBeGreaterThan(10 * Number(typeof body === 'string'));
  });

  // Whoever can have an account rest by what he writes stops everybody who shares it.
  it.each<[string, number, unknown, FailureKind]>([
    ['a field', 400, { detail: 'Unsupported parameter: missing scopes' }, 'invalid_request'],
    [
      'a value',
      400,
      { error: { message: "Invalid value: 'missing scopes'", code: 'invalid_value' } },
      'invalid_request',
    ],
    ['a field', 400, { detail: 'Unsupported parameter: x model is not supported when using' }, 'invalid_request'],
    ['a field', 400, { detail: 'Unsupported parameter: the model x does not exist' }, 'invalid_request'],
    ['an id', 404, { error: { message: "Item with id 'rs_usage_limit_reached' not found." } }, 'server_error'],
    ['an id', 404, { error: { message: "Response 'usage_limit_reached' not found." } }, 'server_error'],
    ['an id', 404, { error: { message: 'Response "usage_limit_reached" not found.' } }, 'server_error'],
  ])("takes nothing for an account's or a model's trouble that quotes the caller: %s, %i, %j", (...row) => {
    const [, status, body, kind] = row;
    expect(answer(status, body).kind).toBe(kind);
  });

  it.each<[number, string, FailureKind]>([
    [401, 'You have insufficient permissions for this operation. Missing scopes: api.responses.write', 'unauthorized'],
    [403, 'You have insufficient permissions. Missing scopes: api.responses.write', 'unauthorized'],
    [404, 'The model `gpt-9` does not exist or you do not have access to it.', 'model_unavailable'],
    [400, "The requested model 'gpt-9' does not exist.", 'model_unavailable'],
  ])('knows %i by a sentence of the upstream: %s', (status, message, kind) => {
    expect(answer(status, { error: { message, type: 'invalid_request_error', code: null } }).kind).toBe(kind);
  });

  it('knows an edge by its header whatever the body is', () => {
    expect(answer(403, '{}', { 'cf-mitigated': 'challenge' }).kind).toBe('blocked');
    expect(answer(403, 'text', { 'content-type': 'text/html; charset=UTF-8' }).kind).toBe('blocked');
  });

  it("tells upstream's sentence and field only where the request is at fault", () => {
    const refused = answer(400, {
      error: { message: 'Invalid\n value', code: 'invalid_value', param: 'input[0].role' },
    });
    expect(refused.message).toBe('Invalid value');
    expect(refused.toGatewayError()).toMatchObject({ code: 'invalid_value', param: 'input[0].role' });
    const limited = answer(429, {
      error: { code: 'rate_limit_exceeded', message: 'Limit of organization org-abcdef123' },
    });
    expect(limited.message).not.toContain('org-');
  });

  it('never tells a page, a secret or an address', () => {
    const sentence =
      'for eyJhbGci.eyJzdWIi.sig and sk-abcdefghijkl by Bearer abc.def of me@example.com at org-abcdefgh';
    const { message } = answer(400, { detail: sentence });
    expect(message.match(/\[redacted\]/g)).toHaveLength(5);
    expect(message).not.toMatch(/eyJ|sk-|abc\.def|example|org-/);
    expect(answer(400, { detail: '<html><b>x</b></html>' }).message).not.toContain('x</b>');
  });

  it('cuts a long sentence at 500 characters', () => {
    expect(answer(400, { detail: 'word '.repeat(1000) }).message).toHaveLength(500);
  });

  it('prefers the moment of a reset to the span until it', () => {
    const body = { error: { type: 'usage_limit_reached', resets_at: 1_777_936_568, resets_in_seconds: 99 } };
    expect(answer(429, body).details).toMatchObject({ retryAfterMs: 13_872_000, resetAtMs: 1_777_936_568_000 });
    expect(answer(429, { error: { type: 'usage_limit_reached', resets_in_seconds: 99 } }).details.retryAfterMs).toBe(
      99_000,
    );
  });

  it.each([
    ['1.5s', 1_500],
    ['20ms', 20],
    ['1m30s', 90_000],
    ['2 hours', 7_200_000],
    ['3 minutes and 5 seconds', 185_000],
  ])('finds "try again in %s" in a sentence', (span, ms) => {
    const body = {
      error: { code: 'rate_limit_exceeded', message: `Limit reached. Please try again in ${span}. Visit us.` },
    };
    expect(answer(429, body).details.retryAfterMs).toBe(ms);
  });

  it('reads retry-after in all its spellings', () => {
    const wait = (headers: Record<string, string>): number | undefined => answer(429, '', headers).details.retryAfterMs;
    expect(wait({ 'retry-after': '2' })).toBe(2_000);
    expect(wait({ 'retry-after-ms': '250', 'retry-after': '9' })).toBe(250);
    expect(wait({ 'retry-after': new Date(nowMs + 5_000).toUTCString() })).toBe(5_000);
    expect(wait({ 'retry-after': 'soon' })).toBeUndefined();
    expect(wait({ 'retry-after': '99999999999' })).toBe(31 * 86_400_000);
  });

  it('takes the longer one of two waits for a burst, and what is left of the window for a used-up plan', () => {
    const burst = { error: { code: 'rate_limit_exceeded', message: 'Please try again in 1.5s.' } };
    expect(answer(429, burst, { 'retry-after': '9' }).details.retryAfterMs).toBe(9_000);
    expect(answer(429, burst, { 'retry-after': '1' }).details.retryAfterMs).toBe(1_500);
    const spent = { error: { type: 'usage_limit_reached', resets_in_seconds: 99 } };
    expect(answer(429, spent, { 'retry-after': '3600' }).details.retryAfterMs).toBe(99_000);
  });

  // Which statement says what: a window that is not used up says nothing about when it is worth trying again.
  const named = { error: { type: 'usage_limit_reached' } };
  const burst = { error: { code: 'rate_limit_exceeded' } };
  it.each<[string, number, unknown, [number, number], FailureKind, number | undefined]>([
    ['only the week is used up', 429, named, [40, 100], 'quota_exhausted', 600_000],
    ['only the five hours are used up', 429, named, [100, 40], 'quota_exhausted', 60_000],
    ['both are used up', 429, named, [100, 100], 'quota_exhausted', 600_000],
    ['no window is used up, though it says so', 429, named, [99, 40], 'quota_exhausted', undefined],
    ['a burst while a window is used up', 429, burst, [100, 40], 'rate_limited', undefined],
    ['a burst', 429, burst, [40, 40], 'rate_limited', undefined],
    ['a 429 without a name, a window used up', 429, '', [100, 40], 'quota_exhausted', 60_000],
    ['a 429 without a name', 429, '', [99.9, 40], 'rate_limited', undefined],
    ['a limit dressed as 404', 404, named, [40, 100], 'quota_exhausted', 600_000],
    ['no capacity, a window used up', 503, '', [100, 100], 'overloaded', undefined],
  ])('tells a burst from a used-up plan: %s', (...[, status, body, [primary, secondary], kind, wait]) => {
    const headers = {
      ...windowHeaders('primary', String(primary), '300', 60),
      ...windowHeaders('secondary', String(secondary), '10080', 600),
    };
    const failure = answer(status, body, headers);
    expect([failure.kind, failure.details.retryAfterMs]).toEqual([kind, wait]);
    expect(failure.details.quota?.windows.map(({ usedPercent }) => usedPercent)).toEqual([primary, secondary]);
  });

  it('takes the reset of the used-up window when nothing else is said', () => {
    const headers = {
      ...windowHeaders('primary', '100.0', '300', 60),
      'x-codex-secondary-used-percent': '12.5',
      'x-codex-secondary-window-minutes': '10080',
      'x-codex-secondary-reset-at': '1779000000',
    };
    const details = answer(429, { error: { type: 'usage_limit_reached' } }, headers).details;
    expect(details).toMatchObject({ retryAfterMs: 60_000, resetAtMs: nowMs + 60_000 });
  });

  it('reads the code of the identity service from its header', () => {
    const sealed = Buffer.from('{"error":{"code":"invalid_workspace_selected"}}').toString('base64');
    expect(answer(401, '', { 'x-error-json': sealed }).kind).toBe('workspace_refused');
  });
});

describe('failureOfEvent', () => {
  const read = (json: Record<string, unknown> & { type: string }): UpstreamFailure =>
    failureOfEvent(event(json).data, nowMs);

  it('reads a failed response', () => {
    const error = { code: 'rate_limit_exceeded', message: 'Please try again in 1.5s.' };
    const failure = read({ type: 'response.failed', response: { id: 'r', error } });
    expect(failure).toMatchObject({
      kind: 'rate_limited',
      details: { retryAfterMs: 1_500, code: 'rate_limit_exceeded' },
    });
  });

  it('reads error events in both shapes', () => {
    expect(read({ type: 'error', code: 'server_error', message: 'stream failed', param: null })).toMatchObject({
      kind: 'server_error',
      message: 'stream failed',
    });
    const nested = read({
      type: 'error',
      status_code: 429,
      error: { type: 'usage_limit_reached', resets_in_seconds: 5 },
      headers: {},
    });
    expect(nested).toMatchObject({ kind: 'quota_exhausted', details: { upstreamStatus: 429, retryAfterMs: 5_000 } });
    expect(read({ type: 'error', status: 400, error: { message: 'no' } })).toMatchObject({ kind: 'invalid_request' });
    const late = read({ type: 'error', status: 429, error: {}, headers: { 'Retry-After': 3 } });
    expect(late).toMatchObject({ kind: 'rate_limited', details: { retryAfterMs: 3_000 } });
  });

  it('calls a failure without a reason, or one that cannot be read, a server error', () => {
    expect(read({ type: 'response.failed', response: { error: null } }).kind).toBe('server_error');
    expect(failureOfEvent('{"type":"response.failed"', nowMs).kind).toBe('server_error');
  });
});

describe('quotaOf', () => {
  it('reads windows and credits of one answer', () => {
    const snapshot = quotaOf(
      {
        'x-codex-active-limit': 'codex',
        'x-codex-plan-type': 'plus',
        'x-codex-primary-used-percent': '12.5',
        'x-codex-primary-window-minutes': '300',
        'x-codex-primary-reset-at': '1777936568',
        'x-codex-secondary-used-percent': '0',
        'x-codex-secondary-window-minutes': '0',
        'x-codex-credits-has-credits': 'True',
        'x-codex-credits-unlimited': '0',
        'x-codex-credits-balance': '',
      },
      nowMs,
    );
    expect(snapshot).toEqual({
      planType: 'plus',
      activeLimit: 'codex',
      windows: [{ limit: 'codex', usedPercent: 12.5, minutes: 300, resetAtMs: 1_777_936_568_000 }],
      credits: { has: true, unlimited: false, balance: undefined },
    });
  });

  it('is absent when upstream says nothing', () => {
    expect(quotaOf({ 'content-type': 'text/event-stream' }, nowMs)).toBeUndefined();
  });
});
