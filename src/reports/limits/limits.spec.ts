import { moneyOfKey as money } from '../../../test/support/limit-states';
import { errorReply } from '../../http/error-reply';
import { type LimitState } from '../../metering/meter';
import { costOf } from '../../protocol/pricing/cost-of';
import { fullRates } from '../../protocol/pricing/model-price';
import { answerMoneyHeaders } from './answer-money-headers';
import { durationWords } from './limit-headers';
import { limitRefusal } from './limit-refusal';
import { dollarWords } from './limit-words';

const nowMs = Date.UTC(2026, 10, 26, 12, 0, 0);
const options = { budgetStatus: 429 as const, nowMs };
const rpm: LimitState = {
  scope: 'key',
  scopeId: 'ab12',
  name: 'ci-bot',
  limit: 'requests',
  period: 'window',
  max: 60,
  used: 60,
  resetAtMs: nowMs + 41_200,
};

function without(state: LimitState, field: 'name' | 'resetAtMs'): LimitState {
  return Object.fromEntries(Object.entries(state).filter(([name]) => name !== field)) as unknown as LimitState;
}

describe('a request that a rate keeps out', () => {
  it('is refused in LiteLLM’s words with the time that really is left', () => {
    const error = limitRefusal(rpm, options);

    expect(error.message).toBe(
      'Rate limit exceeded for api_key: ci-bot. Limit type: requests. Current limit: 60, Remaining: 0. Limit resets at: 2026-11-26 12:00:42 UTC',
    );
    expect(errorReply(error, { surface: 'openai', isCodexCli: false, besideChatGptLogin: false })).toMatchObject({
      status: 429,
      headers: {
        'retry-after': '42',
        rate_limit_type: 'requests',
        reset_at: '2026-11-26 12:00:42 UTC',
        'x-ratelimit-api_key-limit-requests': '60',
        'x-ratelimit-api_key-remaining-requests': '0',
        'x-ratelimit-limit-requests': '60',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '42s',
      },
      body: {
        error: {
          message: error.message,
          type: 'throttling_error',
          param: null,
          code: '429',
          gateway: { author: 'key', limit: 'key.rpm_limit', remaining: 0, reset_at: (nowMs + 42_000) / 1_000 },
        },
      },
    });
  });

  it('names team members, models and slots as LiteLLM does, and shows what is left', () => {
    const tokens = limitRefusal(
      { ...rpm, scope: 'member', limit: 'tokens', max: 1_000, used: 900, name: 'ada in core' },
      options,
    );
    expect(tokens.message).toContain(
      'for team_member: ada in core. Limit type: tokens. Current limit: 1000, Remaining: 100.',
    );
    expect(tokens.details).toMatchObject({ limit: 'team_member.tpm_limit', remaining: 100 });

    const ofModel = limitRefusal({ ...rpm, model: 'gpt-5.5' }, options);
    expect(ofModel.message).toContain('for model_per_key: ci-bot. Model: gpt-5.5. Limit type: requests');
    expect(ofModel.details.limit).toBe('key.rpm_limit[gpt-5.5]');

    const slots = limitRefusal({ ...without(rpm, 'resetAtMs'), limit: 'parallel', max: 3, used: 3 }, options);
    expect(slots.message).toContain(
      'Limit type: max_parallel_requests. Current limit: 3, Remaining: 0. Limit resets when',
    );
    expect(slots.details).toMatchObject({ limit: 'key.max_parallel_requests', retryAfterMs: 1_000 });
  });

  it('shows no hash of a key that has no alias', () => {
    expect(limitRefusal(without(rpm, 'name'), options).message).toContain('for api_key: this api_key. Limit');
  });
});

describe('a request that a budget keeps out', () => {
  it('says who spent what of which budget and when it starts anew, and is not to be tried again', () => {
    const error = limitRefusal(money, options);

    expect(error.message).toBe(
      'Budget has been exceeded! Key=ci-bot Current cost: $12.34, Max budget: $12.00. It starts anew at 2026-12-01 00:00:00 UTC; the operator of this gateway can raise it before.',
    );
    const reply = errorReply(error, { surface: 'openai', isCodexCli: false, besideChatGptLogin: false });
    expect(reply.status).toBe(429);
    expect(reply.headers).toMatchObject({
      'x-should-retry': 'false',
      'retry-after': String((Date.UTC(2026, 11, 1) - nowMs) / 1_000),
    });
    expect(reply.body).toMatchObject({
      error: {
        type: 'budget_exceeded',
        gateway: { author: 'key', limit: 'key.max_budget', remaining: 0, reset_at: Date.UTC(2026, 11, 1) / 1_000 },
      },
    });
  });

  it('says so when what is left is too little for the request', () => {
    expect(limitRefusal({ ...money, used: 11_990_000_000 }, options).message).toContain(
      'Current cost: $11.99, Max budget: $12.00, and what is left is too little for what this request may cost. It starts',
    );
  });

  it('reads as a spent window to a Codex CLI', () => {
    const reply = errorReply(limitRefusal(money, options), {
      surface: 'native',
      isCodexCli: true,
      besideChatGptLogin: false,
    });

    expect(reply.status).toBe(429);
    expect(reply.headers['x-codex-promo-message']).toMatch(/^Budget has been exceeded! Key=ci-bot .* before$/);
    expect(reply.body).toMatchObject({
      error: { type: 'usage_limit_reached', code: 'budget_exceeded', resets_at: Date.UTC(2026, 11, 1) / 1_000 },
    });
  });

  it('has the status that the operator chose', () => {
    expect(limitRefusal(money, { ...options, budgetStatus: 422 }).status).toBe(422);
    expect(limitRefusal(rpm, { ...options, budgetStatus: 422 }).status).toBe(429);
  });

  it('tells token budgets from token rates, and shares of the plan from money', () => {
    const tokens = limitRefusal(
      { ...money, scope: 'team', name: 'core', limit: 'tokens', max: 1_000, used: 1_000 },
      options,
    );
    expect(tokens.type).toBe('budget_exceeded');
    expect(tokens.message).toContain('Team=core Current cost: 1000 tokens, Max budget: 1000 tokens.');
    expect(tokens.details.limit).toBe('team.token_budget');

    const plan = limitRefusal({ ...money, limit: 'plan_week', max: 250_000, used: 250_000 }, options);
    expect(plan.author).toBe('plan_window');
    expect(plan.message).toContain('Current cost: 25 %, Max budget: 25 %.');
  });

  it('has no reset when it never starts anew', () => {
    const error = limitRefusal({ ...without(money, 'resetAtMs'), model: 'gpt-5.5' }, options);

    expect(error.message).toContain('Key=ci-bot for model=gpt-5.5 Current cost');
    expect(error.message).toContain('Ask the operator');
    expect(error.details.retryAfterMs).toBeUndefined();
  });
});

describe('headers of an answer', () => {
  const limits: readonly LimitState[] = [
    { ...rpm, used: 12 },
    { ...rpm, limit: 'tokens', max: 10_000, used: 2_500, resetAtMs: nowMs + 400 },
    { ...rpm, scope: 'team', scopeId: 'core', max: 20, used: 19 },
    { ...rpm, limit: 'parallel', max: 4, used: 1 },
    { ...rpm, model: 'team/fast model', max: 5, used: 2 },
    { ...money, used: 6_000_000_000 },
    { ...money, period: '1d', max: 2_000_000_000, used: 1_900_000_000, resetAtMs: nowMs + 3_600_000 },
    { ...money, scope: 'proxy', scopeId: 'all', used: 12_000_000_000 },
  ];
  const usage = { inputTokens: 1_000, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const adjustment = { discountPpm: 100_000, marginPpm: 200_000, marginFixedNanos: 0 };
  const cost = costOf(
    usage,
    { tier: 'standard', isListed: true },
    { source: 'list', name: 'm', bands: [{ aboveTokens: -1, standard: fullRates({ input: 1_000_000, output: 0 }) }] },
    adjustment,
  );
  const facts = { limits, heldNanos: 500_000_000, isCodexCli: false, nowMs };

  it('tell the spend of a budget that only warns, and no limit', () => {
    const budget = {
      scope: 'key',
      scopeId: 'h',
      limit: 'nano_usd',
      period: '30d',
      used: 2e9,
      resetAtMs: nowMs + 1,
    } as const;
    const told = (...states: LimitState[]) =>
      answerMoneyHeaders({ limits: states, heldNanos: 0, isCodexCli: true, nowMs });
    const soft = { ...budget, max: Number.MAX_SAFE_INTEGER };
    expect(told(soft)).toEqual({ 'x-litellm-key-spend': '2.0' });
    for (const states of [
      [soft, { ...budget, max: 4e9 }],
      [{ ...budget, max: 4e9 }, soft],
    ])
      expect(told(...states)).toMatchObject({ 'x-litellm-key-max-budget': '4.0' });
  });

  it('tell limits and rests of every scope under OpenAI’s and LiteLLM’s names, streamed or not', () => {
    expect(answerMoneyHeaders(facts)).toEqual({
      'x-litellm-key-spend': '5.5',
      'x-litellm-key-max-budget': '12.0',
      'x-litellm-key-rpm-limit': '60',
      'x-litellm-key-tpm-limit': '10000',
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '48',
      'x-ratelimit-reset-requests': '42s',
      'x-ratelimit-limit-tokens': '10000',
      'x-ratelimit-remaining-tokens': '7500',
      'x-ratelimit-reset-tokens': '400ms',
      'x-ratelimit-api_key-limit-requests': '60',
      'x-ratelimit-api_key-remaining-requests': '48',
      'x-ratelimit-api_key-limit-tokens': '10000',
      'x-ratelimit-api_key-remaining-tokens': '7500',
      'x-ratelimit-api_key-limit-max_parallel_requests': '4',
      'x-ratelimit-api_key-remaining-max_parallel_requests': '3',
      'x-ratelimit-team-limit-requests': '20',
      'x-ratelimit-team-remaining-requests': '1',
      'x-ratelimit-model_per_key-limit-requests': '5',
      'x-ratelimit-model_per_key-remaining-requests': '3',
      'x-litellm-key-remaining-requests-team-fast-model': '3',
    });
  });

  it('tell what a whole answer cost, before and after discount and margin', () => {
    expect(answerMoneyHeaders({ ...facts, cost, adjustment })).toMatchObject({
      'x-litellm-response-cost': '0.00108',
      'x-litellm-response-cost-original': '0.001',
      'x-litellm-response-cost-discount-amount': '0.0001',
      'x-litellm-response-cost-margin-amount': '0.00018',
      'x-litellm-response-cost-margin-percent': '0.2',
      'x-litellm-key-spend': '5.50108',
    });
    expect(answerMoneyHeaders(facts)['x-litellm-response-cost']).toBeUndefined();
  });

  it('fall back to the tightest other limit where the key has none of its own', () => {
    const headers = answerMoneyHeaders({
      ...facts,
      limits: [
        { ...rpm, scope: 'user', used: 3 },
        { ...rpm, scope: 'team', used: 50 },
      ],
    });

    expect(headers['x-ratelimit-remaining-requests']).toBe('10');
    expect(headers['x-litellm-key-rpm-limit']).toBeUndefined();
  });

  it('show a Codex CLI the holder’s own tightest money windows, and nobody else’s', () => {
    const headers = answerMoneyHeaders({ ...facts, isCodexCli: true });

    expect(headers).toMatchObject({
      'x-codex-primary-used-percent': '95',
      'x-codex-primary-window-minutes': '1440',
      'x-codex-primary-reset-at': String((nowMs + 3_600_000) / 1_000),
      'x-codex-secondary-used-percent': '50',
      'x-codex-secondary-window-minutes': '43200',
    });
  });

  it('are none without limits', () => {
    expect(answerMoneyHeaders({ ...facts, limits: [], isCodexCli: true })).toEqual({});
  });
});

describe('amounts and waits', () => {
  it.each([
    [0, '$0.00'],
    [12, '$12.00'],
    [0.5, '$0.50'],
    [0.000_123, '$0.000123'],
    [1.234_567_8, '$1.234568'],
  ])('%d dollars are %s', (dollars, words) => {
    expect(dollarWords(dollars)).toBe(words);
  });

  it.each([
    [-5, '0ms'],
    [820, '820ms'],
    [12_001, '13s'],
    [360_000, '6m0s'],
    [3_600_000, '1h0m0s'],
  ])('%d ms are %s', (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });
});
