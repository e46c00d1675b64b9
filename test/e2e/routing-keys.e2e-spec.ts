import { delayed, held, type Reply } from '../simulator/answer';
import { text } from '../simulator/answers';
import { burst429, faults } from '../simulator/faults';
import { AccountsBench, type GroupMember, teamConfig } from '../support/accounts';
import { chatBody, post, type ReadAnswer } from '../support/calls';

const rich = 'retry_budget: { percent: 100, minimum: 10000 }';
const question = { model: 'team', input: 'Hi' };
const single: readonly GroupMember[] = [{ account: 'a' }];
const two: readonly GroupMember[] = [{ account: 'a' }, { account: 'b' }];
/** The second one is asked only when the first one cannot be. */
const ranked: readonly GroupMember[] = [
  { account: 'a', params: 'weight: 1' },
  { account: 'b', params: 'weight: 0' },
];

let world: AccountsBench;

/** A gateway of its own whose router settings hold `router`. */
function withRules(members: readonly GroupMember[], router: string, config?: string): void {
  beforeAll(async () => {
    const rest = `router_settings: { quota_poll_seconds: 0, queue_timeout: 0, ${rich}, ${router} }\n`;
    world = await AccountsBench.start(members, {
      ...(config === undefined ? { rest } : { config: `${config}${rest}` }),
      times: { retryBackoffMs: 5, firstEventMs: 5_000 },
    });
    // The catalog is asked for before anything is counted.
    await post(world.bench, '/v1/responses', question);
    await world.rested();
  });
  afterEach(() => world.rested());
  afterAll(() => world.close());
}

async function ask(body: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<{ answer: ReadAnswer; to: readonly string[] }> {
  const before = world.simulator.seen.length;
  const answer = await post(world.bench, '/v1/responses', { ...question, ...body }, headers);
  return { answer, to: world.askedSince(before) };
} // prettier-ignore

async function restingAfter(reply: Reply, calls: number): Promise<readonly string[]> {
  world.answers('a', reply);
  for (let call = 0; call < calls; call += 1) await ask();
  return (await world.resting()).map(({ scope, kind, seconds }) => `${scope} ${kind} ${seconds}`);
}

async function isHeld(count: number): Promise<void> {
  while (world.simulator.held < count) await new Promise((resolve) => setImmediate(resolve));
}

const gatewayOf = ({ json }: ReadAnswer): Record<string, unknown> => {
  const { error } = json as { error: Record<string, unknown> };
  return { ...(error['gateway'] as Record<string, unknown>), type: error['type'] };
};

describe('retry_policy and model_group_retry_policy', () => {
  const policies =
    'num_retries: 1, retry_policy: { InternalServerErrorRetries: 0, ServiceUnavailableErrorRetries: 3, BadRequestErrorRetries: 2 }';
  const other = `${teamConfig(single)}  - { model_name: other, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: a } }\n`;
  withRules(single, `${policies}, model_group_retry_policy: { other: { InternalServerErrorRetries: 2 } }`, other);

  it.each<[string, Reply, string, number]>([
    ['none for what it says 0 of', faults.server500, 'team', 1],
    ['as many as it says', faults.overloaded503, 'team', 4],
    ['of what else would not be tried again', faults.detail400, 'team', 3],
    ['num_retries for what it does not speak of', faults.burst429WithoutHeader, 'team', 2],
    ['the group’s own before the router’s', faults.server500, 'other', 3],
  ])(
    'count the tries: %s',
    async (_, reply, model, calls) => {
      world.simulator.script.always(reply);
      expect((await ask({ model })).to).toHaveLength(calls);
    },
    15_000,
  );

  it('yield to the count of the request itself', async () => {
    world.simulator.script.always(faults.overloaded503);
    expect((await ask({ num_retries: 1 })).to).toHaveLength(2);
  });
});

describe('num_retries of a deployment, and retry_after', () => {
  withRules([{ account: 'a', params: 'num_retries: 1' }], 'num_retries: 4, retry_after: 1');

  it('go before those of the router, and make the pause at least so long', async () => {
    world.simulator.script.always(faults.server500);
    const startedMs = performance.now();
    expect((await ask()).to).toHaveLength(2);
    expect(performance.now() - startedMs).toBeGreaterThan(990);
  });
});

describe('allowed_fails', () => {
  withRules(ranked, 'routing_strategy: simple-shuffle, allowed_fails: 1, cooldown_time: 30, num_retries: 0');

  it('bears so many failures, and rests for cooldown_time at the next one', async () => {
    expect(await restingAfter(faults.server500, 1)).toEqual([]);
    expect(await restingAfter(faults.server500, 1)).toEqual(['deployment a errors 30']);
    expect((await ask()).to).toEqual(['b']);
  });
});

describe('allowed_fails_policy', () => {
  const policy =
    '{ InternalServerErrorAllowedFails: 0, RateLimitErrorAllowedFails: 2, AuthenticationErrorAllowedFails: 1 }';
  withRules(
    ranked,
    `routing_strategy: simple-shuffle, allowed_fails_policy: ${policy}, cooldown_time: 30, num_retries: 0`,
  );

  it.each<[string, Reply, number, readonly string[]]>([
    ['a kind that it bears nothing of', faults.server500, 1, ['deployment a errors 30']],
    ['bursts that it bears', burst429(9), 2, []],
    ['one burst more', burst429(9), 3, ['account a burst 9']],
    ['a refused workspace that it bears', faults.deactivatedWorkspace402, 1, []],
    ['one more', faults.deactivatedWorkspace402, 2, ['account a quarantine 600']],
    ['timeouts, of which it does not speak: three', faults.overloaded503, 3, []],
    ['and a fourth', faults.overloaded503, 4, ['deployment a errors 30']],
  ])('is counted by kind: %s', async (_, reply, calls, rests) => {
    expect(await restingAfter(reply, calls)).toEqual(rests);
  });
});

describe('cooldown_time of a deployment', () => {
  withRules(
    [{ account: 'a', params: 'weight: 1, cooldown_time: 0' }, { account: 'b', params: 'weight: 0' }],
    'routing_strategy: simple-shuffle, allowed_fails: 0, num_retries: 0',
  ); // prettier-ignore

  it('of 0 means that it never rests', async () => {
    expect(await restingAfter(faults.server500, 3)).toEqual([]);
  });
});

describe('enable_pre_call_checks', () => {
  const list = `${teamConfig(two)
    .replace('model_info: { id: a }', 'model_info: { id: a, max_input_tokens: 50 }')
    .replace(
      'model_info: { id: b }',
      'model_info: { id: b, max_input_tokens: 500 }',
    )}  - { model_name: wide, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: b }, model_info: { id: wide } }\n`;
  withRules(two, 'enable_pre_call_checks: true, context_window_fallbacks: [{"team": ["wide"]}]', list);
  const words = (tokens: number): string => 'word '.repeat(tokens);

  it('passes over who has no room, then asks the group for longer input', async () => {
    for (let call = 0; call < 4; call += 1) expect((await ask({ input: words(100) })).to).toEqual(['b']);
    const { answer } = await ask({ input: words(1_000) });
    expect([answer.status, answer.headers.get('x-litellm-model-id')]).toEqual([200, 'wide']);
  });

  it('refuses with model, limit and count when nobody has room', async () => {
    const { answer, to } = await ask({ input: words(1_000), disable_fallbacks: true });
    expect([answer.status, to]).toEqual([400, []]);
    expect(answer.text).toMatch(/about 1\d\d\d tokens.*'team' takes more than 500/);
    expect(answer.headers.get('x-should-retry')).toBe('false');
  });
});

describe('rpm, as a limit', () => {
  withRules([{ account: 'a', params: 'rpm: 2' }], 'optional_pre_call_checks: [enforce_model_rate_limits]');

  it('holds a deployment to so many calls in a minute, and says which limit it was', async () => {
    const answers: ReadAnswer[] = [];
    // The minute may turn once in between.
    for (let call = 0; call < 5; call += 1) answers.push((await ask()).answer);
    const refused = answers.find(({ status }) => status === 429);
    if (refused === undefined) throw new Error('nobody was refused');
    expect(gatewayOf(refused)).toMatchObject({ author: 'gateway', limit: 'model_rate_limit', remaining: 0 });
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });
});

describe('default_max_parallel_requests', () => {
  withRules(two, 'default_max_parallel_requests: 1');

  it('bounds every deployment that sets nothing itself', async () => {
    world.simulator.script.always(held(text('slow')));
    const running = [ask(), ask()];
    await isHeld(2);
    const { answer, to } = await ask();
    expect([answer.status, to]).toEqual([429, []]);
    expect(gatewayOf(answer)).toMatchObject({ limit: 'max_parallel_requests' });
    world.simulator.release();
    expect((await Promise.all(running)).map(({ answer: { status } }) => status)).toEqual([200, 200]);
  });
});

describe('conversations that are not kept together', () => {
  const list = `${teamConfig(two)}${['a', 'b'].map((name) => `  - { model_name: kept, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: ${name} } }\n`).join('')}`;
  withRules(two, 'routing_strategy: simple-shuffle, model_group_affinity_config: { team: [] }', list);

  it.each([
    ['team', 2],
    ['kept', 1],
  ])('by model_group_affinity_config: %s at %d accounts', async (model, accounts) => {
    const before = world.simulator.seen.length;
    for (let turn = 0; turn < 24; turn += 1) await ask({ model, prompt_cache_key: 'talk' });
    expect(new Set(world.askedSince(before)).size).toBe(accounts);
  });
});

describe('conversation_affinity: false', () => {
  withRules(two, 'routing_strategy: simple-shuffle, conversation_affinity: false');

  it('spreads the turns of a conversation', async () => {
    const before = world.simulator.seen.length;
    for (let turn = 0; turn < 24; turn += 1) await ask({ prompt_cache_key: 'talk' });
    expect(new Set(world.askedSince(before)).size).toBe(2);
  });
});

describe('tags, all of which count', () => {
  withRules(
    [{ account: 'a', params: 'tags: [fast, eu]' }, { account: 'b', params: "tags: [fast], tag_regex: ['^User-Agent: special']" }],
    'enable_tag_filtering: true, tag_filtering_match_any: false',
  ); // prettier-ignore

  it.each<[string, Record<string, unknown>, Record<string, string>, string | undefined]>([
    ['both of one deployment', { tags: ['fast', 'eu'] }, {}, 'a'],
    ['one that nobody has, and no default', { tags: ['fast', 'us'] }, {}, undefined],
    ['none, but a user agent that is known', {}, { 'user-agent': 'special/1' }, 'b'],
  ])('%s', async (_, body, headers, account) => {
    for (let call = 0; call < 3; call += 1) {
      const { answer, to } = await ask(body, headers);
      expect(to).toEqual(account === undefined ? [] : [account]);
      if (account === undefined) expect(answer.json).toMatchObject({ error: { param: 'tags' } });
    }
  });
});

describe('a deployment that is paused', () => {
  const list = `${teamConfig(two).replace('model_info: { id: a }', 'model_info: { id: a, blocked: true }')}  - { model_name: paused, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: a }, model_info: { id: p, blocked: true } }\n`;
  withRules(two, 'num_retries: 0', list);

  it('is passed over; alone, or asked for by its id, it is a 503 that says so', async () => {
    for (let call = 0; call < 4; call += 1) expect((await ask()).to).toEqual(['b']);
    for (const model of ['paused', 'a']) {
      const { answer, to } = await ask({ model });
      expect([answer.status, to]).toEqual([503, []]);
      expect(answer.text).toContain('paused');
      expect(answer.headers.get('x-should-retry')).toBe('false');
    }
  });
});

describe('fallbacks for any group', () => {
  const list = ['a', 'b', 'c', 'd'].map(
    (name) =>
      `  - { model_name: ${name}, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: ${name} }, model_info: { id: id-${name} } }`,
  );
  const accounts = ['a', 'b', 'c', 'd'].map((account) => ({ account }));
  const config = `${teamConfig(accounts).split('model_list:')[0] ?? ''}model_list:\n${list.join('\n')}\n`;
  withRules(accounts, 'num_retries: 0, disable_cooldowns: true, fallbacks: [{"b": ["a"]}], default_fallbacks: [c, d]', config); // prettier-ignore

  it('stand in where a group has none of its own', async () => {
    world.answers('a', faults.server500);
    world.answers('c', faults.server500);
    expect((await ask({ model: 'a' })).to).toEqual(['a', 'c', 'd']);
    world.answers('b', faults.server500);
    // Its own list, then that of the one that stood in.
    expect((await ask({ model: 'b' })).to).toEqual(['b', 'a', 'c', 'd']);
  });
});

describe('routing strategies', () => {
  describe('least-busy', () => {
    withRules(two, 'routing_strategy: least-busy');

    it('asks who has the fewest calls in flight', async () => {
      world.simulator.script.always(held(text('slow')));
      const running = [ask(), ask(), ask(), ask()];
      await isHeld(4);
      const before = world.simulator.seen.length - 4;
      expect(world.askedSince(before).filter((account) => account === 'a')).toHaveLength(2);
      world.simulator.release();
      await Promise.all(running);
    });
  });

  describe('latency-based-routing', () => {
    withRules(
      two,
      'routing_strategy: latency-based-routing, routing_strategy_args: { ttl: 60, lowest_latency_buffer: 0.2 }',
    );

    it('asks who answered first, once both were measured', async () => {
      world.answers('a', delayed(text('slow'), 250));
      for (let call = 0; call < 4; call += 1) await ask();
      for (let call = 0; call < 5; call += 1) expect((await ask()).to).toEqual(['b']);
    });
  });

  describe('cost-based-routing', () => {
    const dear = 'input_cost_per_token: 0.00001, output_cost_per_token: 0.00002';
    withRules([{ account: 'a', params: dear }, { account: 'b', params: dear.replaceAll('0.0000', '0.000001') }], 'routing_strategy: cost-based-routing'); // prettier-ignore

    it('asks who costs least', async () => {
      for (let call = 0; call < 6; call += 1) expect((await ask()).to).toEqual(['b']);
    });
  });

  describe('usage-based-routing-v2', () => {
    withRules(two, 'routing_strategy: usage-based-routing-v2');

    it('asks who had the fewest tokens in this minute', async () => {
      const before = world.simulator.seen.length;
      for (let call = 0; call < 8; call += 1) await ask();
      const counts = ['a', 'b'].map((name) => world.askedSince(before).filter((account) => account === name).length);
      expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(2);
    });
  });
});

describe('default_litellm_params, and an alias that is hidden', () => {
  withRules(
    [{ account: 'a' }, { account: 'b', params: 'reasoning_effort: high' }],
    'default_litellm_params: { reasoning_effort: low }, model_group_alias: { secret: { model: team, hidden: true } }',
  );

  it('hold for every deployment that does not say otherwise, and for no request that does', async () => {
    const effortOf = async (body: Record<string, unknown>): Promise<unknown> => {
      await post(world.bench, '/v1/chat/completions', chatBody(body));
      return (world.simulator.seen.at(-1)?.body as { reasoning?: { effort?: unknown } }).reasoning?.effort;
    };
    expect(await effortOf({ model: 'a' })).toBe('low');
    expect(await effortOf({ model: 'b' })).toBe('high');
    expect(await effortOf({ model: 'a', reasoning_effort: 'medium' })).toBe('medium');
    expect((await ask({ model: 'secret' })).answer.status).toBe(200);
  });
});
