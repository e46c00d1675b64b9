import {
  GatewayError,
  authenticationFailed,
  internalError,
  modelNotFound,
  upstreamAuthenticationFailed,
} from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { errorReply, type ReplyContext } from './error-reply';

const plain: ReplyContext = { surface: 'openai', isCodexCli: false, besideChatGptLogin: false };
const cli: ReplyContext = { surface: 'openai', isCodexCli: true, besideChatGptLogin: false };
const native: ReplyContext = { surface: 'native', isCodexCli: false, besideChatGptLogin: false };
const failedHook = new GatewayError({ status: 500, type: 'internal_server_error', code: 'hook_failed', message: 'h' });
const budget = new GatewayError({
  status: 429,
  type: 'budget_exceeded',
  code: 'budget_exceeded',
  message: 'Your budget of $5 is spent – ask\nAnn.',
  resetAtMs: 1_900_000_000_500,
  shouldRetry: false,
});
const burst = (retryAfterMs?: number) =>
  new GatewayError({
    status: 429,
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
    message: 'Too many requests.',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
const inner = (body: unknown): Record<string, unknown> => (body as { error: Record<string, unknown> }).error;

describe('errorReply', () => {
  it.each([
    ['a wrong key', authenticationFailed('no'), cli, 401, 'invalid_api_key'],
    [
      'a wrong key beside a ChatGPT login',
      authenticationFailed('no'),
      { ...cli, besideChatGptLogin: true },
      403,
      'invalid_api_key',
    ],
    ['an unknown model', modelNotFound('x'), cli, 400, 'model_not_found'],
    ['an unknown model on the native surface', modelNotFound('x'), native, 400, 'model_not_found'],
    [
      'a dead upstream',
      new UpstreamFailure({ kind: 'network', message: 'down' }).toGatewayError(),
      cli,
      503,
      'server_is_overloaded',
    ],
    [
      'an upstream timeout',
      new UpstreamFailure({ kind: 'timeout', message: 'late' }).toGatewayError(),
      native,
      503,
      'server_is_overloaded',
    ],
    ['a refused upstream login', upstreamAuthenticationFailed('login'), cli, 503, 'server_is_overloaded'],
    ['a spent budget', budget, cli, 429, 'budget_exceeded'],
    ['a bug', internalError(new Error('x')), cli, 500, 'server_error'],
    ['a failed hook', failedHook, cli, 400, 'invalid_prompt'],
    ['a failed hook on the native surface', failedHook, native, 400, 'invalid_prompt'],
  ] as const)(
    'tells a Codex client of %s by the status and machine code it acts on',
    (...[, error, context, status, code]) => {
      const reply = errorReply(error, context);
      expect(reply.status).toBe(status);
      expect(inner(reply.body)['code']).toBe(code);
    },
  );

  it('gives other clients the plain status, as status and as code', () => {
    const reply = errorReply(new UpstreamFailure({ kind: 'network', message: 'down' }).toGatewayError(), plain);
    expect(reply.status).toBe(502);
    expect(inner(reply.body)['code']).toBe('502');
    expect(errorReply(authenticationFailed('no'), { ...plain, besideChatGptLogin: true }).status).toBe(401);
  });

  it('shows our words for a spent budget: one ASCII line without a full stop, and the reset in seconds', () => {
    const reply = errorReply(budget, cli);
    expect(reply.headers['x-codex-promo-message']).toBe('Your budget of $5 is spent ? ask Ann');
    expect(inner(reply.body)).toMatchObject({ type: 'usage_limit_reached', resets_at: 1_900_000_001 });
    expect(inner(reply.body)['plan_type']).toBeUndefined();
  });

  it('never sends a CLI to sleep: at most 30 seconds, at least one', () => {
    expect(errorReply(burst(45_000), cli).headers['retry-after']).toBe('30');
    expect(errorReply(burst(1), cli).headers['retry-after']).toBe('1');
    expect(errorReply(burst(), cli).headers['retry-after']).toBe('5');
    expect(errorReply(burst(45_000), plain).headers['retry-after']).toBe('45');
  });

  it('treats a rate window of more than a minute as a spent window', () => {
    const reply = errorReply(burst(3_600_000), cli);
    expect(inner(reply.body)['type']).toBe('usage_limit_reached');
    expect(reply.headers['x-codex-promo-message']).toBe('Too many requests');
  });

  it('says whether a retry makes sense only when the refusal knows', () => {
    expect(errorReply(budget, plain).headers['x-should-retry']).toBe('false');
    expect(errorReply(burst(), plain).headers).not.toHaveProperty('x-should-retry');
  });
});
