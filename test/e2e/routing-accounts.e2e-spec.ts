import { cutAfterBytes, json, type Reply, withHeaders, write } from '../simulator/answer';
import { text } from '../simulator/answers';
import { faults, usageLimit } from '../simulator/faults';
import { eventually } from '../support/login-gateways';
import { ranked, RuledWorld, single, two } from '../support/ruled-world';

/** A question of `rules`: its status, and whom it was put to. */
async function asked(rules: RuledWorld): Promise<{ readonly status: number; readonly to: readonly string[] }> {
  const { answer, to } = await rules.ask();
  return { status: answer.status, to };
}

describe('a login that is refused', () => {
  const rules = new RuledWorld();
  rules.runs(two, { rest: 'router_settings: { quota_poll_seconds: 0 }\n' });

  it('is left alone by everybody, and used again as soon as somebody signs in anew', async () => {
    for (let call = 0; call < 4; call += 1) await asked(rules);
    const refused = rules.world.bench.logins.get('a');
    rules.world.simulator.tokens.kill(refused?.accountId ?? '');
    rules.world.simulator.tokens.expire(refused?.accessToken ?? '');
    await eventually('the dead login is noticed', async () => {
      expect((await asked(rules)).status).toBe(200);
      return (await rules.world.resting()).some(({ scope, kind }) => scope === 'account a' && kind === 'quarantine');
    });
    for (let call = 0; call < 6; call += 1) expect(await asked(rules)).toEqual({ status: 200, to: ['b'] });
    expect((await rules.world.accounts()).get('a')?.routing.quarantine_reason).toMatch(/login|token/);
    // A look at the refused login has to be taken before another one can be told from it.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const { login } = rules.world.simulator.makeAuthFile(rules.world.bench.folder, { fileName: 'a.json' });
    const renewed = ({ headers }: { headers: Readonly<Record<string, string>> }): boolean =>
      headers['chatgpt-account-id'] === login.accountId;
    await eventually('the new login is used', async () => {
      await asked(rules);
      return rules.world.simulator.seen.some((seen) => seen.method === 'POST' && renewed(seen));
    });
  });
});

describe('a used-up plan', () => {
  const rules = new RuledWorld();
  rules.runs(single, { rest: 'router_settings: { quota_poll_seconds: 0, queue_timeout: 0 }\n' });

  it('is left with its account: another one that signs in under the name is asked at once', async () => {
    const { world } = rules;
    world.answers('a', usageLimit(7_200));
    expect(await asked(rules)).toEqual({ status: 429, to: ['a'] });
    expect(await asked(rules)).toEqual({ status: 429, to: [] });
    // Whose login it was has to be seen before another one can be told from it.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    world.simulator.makeAuthFile(world.bench.folder, { fileName: 'a.json' });
    await eventually('the other account is used', async () => (await asked(rules)).status === 200);
    expect((await world.accounts()).get('a')?.routing.cooldowns).toEqual([]);
  });
});

describe('the usage route', () => {
  const rules = new RuledWorld();
  rules.runs(two, { rest: 'router_settings: { quota_poll_seconds: 1, queue_timeout: 0 }\n' });

  it('is asked about accounts that nobody uses', async () => {
    await eventually('both are known', async () => {
      const accounts = await rules.world.accounts();
      return ['a', 'b'].every(
        (name) => accounts.get(name)?.routing.windows.some(({ source }) => source === 'poll') === true,
      );
    });
    expect((await rules.world.accounts()).get('a')?.routing.windows).toMatchObject([
      { window: '5h', used_percent: 12.5, source: 'poll' },
      { window: 'week', used_percent: 29 },
    ]);
  });

  it('finds out that a used-up account was reset early, and one call makes sure', async () => {
    rules.world.simulator.script.always(usageLimit(7_200));
    rules.world.simulator.scripts.usage.always(usedUp(100));
    expect((await asked(rules)).status).toBe(429);
    expect(await asked(rules)).toEqual({ status: 429, to: [] });
    rules.world.simulator.script.clear();
    rules.world.simulator.scripts.usage.always(usedUp(1));
    await eventually('an account is used again', async () => (await asked(rules)).status === 200);
    await eventually('so is the other', async () => {
      await asked(rules);
      return (await rules.world.resting()).length === 0;
    });
  });

  it('that does not answer keeps nothing from working', async () => {
    rules.world.simulator.scripts.usage.always(faults.cloudflare403);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await asked(rules)).status).toBe(200);
  });
});

describe('what an account says of its plan while it answers', () => {
  const rules = new RuledWorld();
  rules.runs(two, { rest: 'router_settings: { quota_poll_seconds: 0, queue_timeout: 0 }\n' });
  beforeAll(async () => {
    for (const model of ['a', 'b']) await rules.ask({ model });
  });
  afterEach(() => rules.world.rested());

  const windows = (used: number, week: number, credits = 'False'): Record<string, string> => ({
    'x-codex-primary-used-percent': String(used),
    'x-codex-primary-window-minutes': '300',
    'x-codex-primary-reset-at': String(Math.floor(Date.now() / 1_000) + 9_000),
    'x-codex-secondary-used-percent': String(week),
    'x-codex-secondary-window-minutes': '10080',
    'x-codex-secondary-reset-at': String(Math.floor(Date.now() / 1_000) + 302_400),
    'x-codex-credits-has-credits': credits,
  });

  async function known(a: Record<string, string>, b: Record<string, string>): Promise<void> {
    for (const [account, headers] of [
      ['a', a],
      ['b', b],
    ] as const) {
      rules.world.answers(account, withHeaders(text('fine'), headers));
      await rules.ask({ model: account });
    }
  }

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['the tightest window counts, not the first one', windows(10, 95), windows(60, 40), 'b'],
    ['a used-up window goes last, also when credits are there', windows(100, 10, 'True'), windows(97, 90), 'b'],
    ['credits go before nothing at all', windows(100, 10, 'True'), windows(100, 10), 'a'],
  ])('leads calls: %s', async (_, a, b, expected) => {
    await known(a, b);
    for (let call = 0; call < 6; call += 1) expect(await asked(rules)).toEqual({ status: 200, to: [expected] });
  });

  it('by a frame in the middle counts as much as by headers', async () => {
    await known(windows(10, 10), windows(11, 11));
    const answer = withHeaders(text('fine and well'), windows(10, 10));
    const limits = {
      primary: { used_percent: 88, window_minutes: 300, reset_at: Number(windows(0, 0)['x-codex-primary-reset-at']) },
    };
    const frame = `event: codex.rate_limits\ndata: ${JSON.stringify({ type: 'codex.rate_limits', plan_type: 'plus', rate_limits: limits })}\n\n`;
    rules.world.simulator.script.clear();
    rules.world.answers('a', {
      ...answer,
      steps: (question) => {
        const steps = [...answer.steps(question)];
        return [...steps.slice(0, -1), write(frame), ...steps.slice(-1)];
      },
    });
    expect((await rules.ask({ model: 'a', stream: true })).answer.text).not.toContain('rate_limits');
    const window = (await rules.world.accounts()).get('a')?.routing.windows[0];
    expect(window).toMatchObject({ window: '5h', used_percent: 88, source: 'frame' });
    expect((await asked(rules)).to).toEqual(['b']);
  });
});

describe('a compaction in one call', () => {
  const rules = new RuledWorld();
  rules.withRules(ranked, 'routing_strategy: simple-shuffle');
  const body = {
    model: 'team',
    instructions: '',
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
    tools: [],
  };

  it.each<[string, Reply, string | undefined]>([
    ['a 500', faults.server500, undefined],
    ['a refused connection', faults.refusedConnection, undefined],
    [
      'a cut in the middle',
      cutAfterBytes(json(200, { output: [{ type: 'compaction', encrypted_content: 'x'.repeat(400) }] }), 60, 'reset'),
      undefined,
    ],
    ['a used-up plan', usageLimit(600), 'account a quota'],
    ['a page of the edge', faults.cloudflare403, undefined],
    ['a 200 that is no JSON', json(200, 'ok'), undefined],
    ['a 200 that tells an error', json(200, { error: { message: 'It failed.', code: 'server_error' } }), undefined],
    ['a 200 that holds no history', json(200, { id: 'resp_1' }), undefined],
  ])('is answered by another account after %s', async (_, reply, rests) => {
    rules.world.simulator.scripts.compact.when(rules.world.isOf('a'), reply);
    const { answer, to } = await rules.askAt('/v1/responses/compact', body);
    rules.world.simulator.scripts.compact.clear();
    expect([answer.status, to]).toEqual([200, ['a', 'b']]);
    expect(answer.json).toMatchObject({ output: expect.any(Array) as unknown });
    expect((await rules.world.resting()).map(({ scope, kind }) => `${scope} ${kind}`)).toEqual(
      rests === undefined ? [] : [rests],
    );
  });
});

/** The answer of the usage route for a window that has just begun, or is used up. */
function usedUp(percent: number): ReturnType<typeof json> {
  const resetAt = Math.floor(Date.now() / 1_000) + (percent === 100 ? 7_200 : 18_000);
  return json(200, {
    plan_type: 'plus',
    rate_limit: { primary_window: { used_percent: percent, limit_window_seconds: 18_000, reset_at: resetAt } },
  });
}
