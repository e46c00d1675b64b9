import { delayed, held } from '../simulator/answer';
import { text } from '../simulator/answers';
import { faults } from '../simulator/faults';
import { teamConfig } from '../support/accounts';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { RuledWorld, two } from '../support/ruled-world';

const rules = new RuledWorld();

const gatewayOf = ({ json }: ReadAnswer): Record<string, unknown> => {
  const { error } = json as { error: Record<string, unknown> };
  return { ...(error['gateway'] as Record<string, unknown>), type: error['type'] };
};

describe('enable_pre_call_checks', () => {
  const list = `${teamConfig(two)
    .replace('model_info: { id: a }', 'model_info: { id: a, max_input_tokens: 50 }')
    .replace(
      'model_info: { id: b }',
      'model_info: { id: b, max_input_tokens: 500 }',
    )}  - { model_name: wide, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: b }, model_info: { id: wide } }\n`;
  rules.withRules(two, 'enable_pre_call_checks: true, context_window_fallbacks: [{"team": ["wide"]}]', {
    config: list,
  });
  const words = (tokens: number): string => 'word '.repeat(tokens);

  it('passes over who has no room, then asks the group for longer input', async () => {
    for (let call = 0; call < 4; call += 1) expect((await rules.ask({ input: words(100) })).to).toEqual(['b']);
    const { answer } = await rules.ask({ input: words(1_000) });
    expect([answer.status, answer.headers.get('x-litellm-model-id')]).toEqual([200, 'wide']);
  });

  it('refuses with model, limit and count when nobody has room', async () => {
    const { answer, to } = await rules.ask({ input: words(1_000), disable_fallbacks: true });
    expect([answer.status, to]).toEqual([400, []]);
    expect(answer.text).toMatch(/about 1\d\d\d tokens.*'team' takes more than 500/);
    expect(answer.headers.get('x-should-retry')).toBe('false');
  });
});

describe('rpm, as a limit', () => {
  rules.withRules([{ account: 'a', params: 'rpm: 2' }], 'optional_pre_call_checks: [enforce_model_rate_limits]');

  it('holds a deployment to so many calls in a minute, and says which limit it was', async () => {
    const answers: ReadAnswer[] = [];
    // The minute may turn once in between.
    for (let call = 0; call < 5; call += 1) answers.push((await rules.ask()).answer);
    const refused = answers.find(({ status }) => status === 429);
    if (refused === undefined) throw new Error('nobody was refused');
    expect(gatewayOf(refused)).toMatchObject({ author: 'gateway', limit: 'model_rate_limit', remaining: 0 });
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60);
  });
});

describe('default_max_parallel_requests', () => {
  rules.withRules(two, 'default_max_parallel_requests: 1');

  it('bounds every deployment that sets nothing itself', async () => {
    rules.world.simulator.script.always(held(text('slow')));
    const running = [rules.ask(), rules.ask()];
    await rules.isHeld(2);
    const { answer, to } = await rules.ask();
    expect([answer.status, to]).toEqual([429, []]);
    expect(gatewayOf(answer)).toMatchObject({ limit: 'max_parallel_requests' });
    rules.world.simulator.release();
    expect((await Promise.all(running)).map(({ answer: { status } }) => status)).toEqual([200, 200]);
  });
});

describe('conversations that are not kept together', () => {
  const list = `${teamConfig(two)}${['a', 'b'].map((name) => `  - { model_name: kept, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: ${name} } }\n`).join('')}`;
  rules.withRules(two, 'routing_strategy: simple-shuffle, model_group_affinity_config: { team: [] }', { config: list });

  it.each([
    ['team', 2],
    ['kept', 1],
  ])('by model_group_affinity_config: %s at %d accounts', async (model, accounts) => {
    const before = rules.world.simulator.seen.length;
    for (let turn = 0; turn < 24; turn += 1) await rules.ask({ model, prompt_cache_key: 'talk' });
    expect(new Set(rules.world.askedSince(before)).size).toBe(accounts);
  });
});

describe('conversation_affinity: false', () => {
  rules.withRules(two, 'routing_strategy: simple-shuffle, conversation_affinity: false');

  it('spreads the turns of a conversation', async () => {
    const before = rules.world.simulator.seen.length;
    for (let turn = 0; turn < 24; turn += 1) await rules.ask({ prompt_cache_key: 'talk' });
    expect(new Set(rules.world.askedSince(before)).size).toBe(2);
  });
});

describe('tags, all of which count', () => {
  rules.withRules(
    [
      { account: 'a', params: 'tags: [fast, eu]' },
      { account: 'b', params: "tags: [fast], tag_regex: ['^User-Agent: special']" },
    ],
    'enable_tag_filtering: true, tag_filtering_match_any: false',
  );

  it.each<[string, Record<string, unknown>, Record<string, string>, string | undefined]>([
    ['both of one deployment', { tags: ['fast', 'eu'] }, {}, 'a'],
    ['one that nobody has, and no default', { tags: ['fast', 'us'] }, {}, undefined],
    ['none, but a user agent that is known', {}, { 'user-agent': 'special/1' }, 'b'],
  ])('%s', async (_, body, headers, account) => {
    for (let call = 0; call < 3; call += 1) {
      const { answer, to } = await rules.ask(body, headers);
      expect(to).toEqual(account === undefined ? [] : [account]);
      if (account === undefined) expect(answer.json).toMatchObject({ error: { param: 'tags' } });
    }
  });
});

describe('a deployment that is paused', () => {
  const list = `${teamConfig(two).replace('model_info: { id: a }', 'model_info: { id: a, blocked: true }')}  - { model_name: paused, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: a }, model_info: { id: p, blocked: true } }\n`;
  rules.withRules(two, 'num_retries: 0', { config: list });

  it('is passed over; alone, or asked for by its id, it is a 503 that says so', async () => {
    for (let call = 0; call < 4; call += 1) expect((await rules.ask()).to).toEqual(['b']);
    for (const model of ['paused', 'a']) {
      const { answer, to } = await rules.ask({ model });
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
  rules.withRules(
    accounts,
    'num_retries: 0, disable_cooldowns: true, fallbacks: [{"b": ["a"]}], default_fallbacks: [c, d]',
    { config },
  );

  it('stand in where a group has none of its own', async () => {
    rules.world.answers('a', faults.server500);
    rules.world.answers('c', faults.server500);
    expect((await rules.ask({ model: 'a' })).to).toEqual(['a', 'c', 'd']);
    rules.world.answers('b', faults.server500);
    // Its own list, then that of the one that stood in.
    expect((await rules.ask({ model: 'b' })).to).toEqual(['b', 'a', 'c', 'd']);
  });
});

describe('routing strategies', () => {
  describe('least-busy', () => {
    rules.withRules(two, 'routing_strategy: least-busy');

    it('asks who has the fewest calls in flight', async () => {
      rules.world.simulator.script.always(held(text('slow')));
      // Not the last four: the other account's catalog may be asked for among them.
      const before = rules.world.simulator.seen.length;
      const running = [rules.ask(), rules.ask(), rules.ask(), rules.ask()];
      await rules.isHeld(4);
      expect(rules.world.askedSince(before).filter((account) => account === 'a')).toHaveLength(2);
      rules.world.simulator.release();
      await Promise.all(running);
    });
  });

  describe('latency-based-routing', () => {
    rules.withRules(
      two,
      'routing_strategy: latency-based-routing, routing_strategy_args: { ttl: 60, lowest_latency_buffer: 0.2 }',
    );

    it('asks who answered first, once both were measured', async () => {
      rules.world.answers('a', delayed(text('slow'), 250));
      for (let call = 0; call < 4; call += 1) await rules.ask();
      for (let call = 0; call < 5; call += 1) expect((await rules.ask()).to).toEqual(['b']);
    });
  });

  describe('cost-based-routing', () => {
    const dear = 'input_cost_per_token: 0.00001, output_cost_per_token: 0.00002';
    rules.withRules(
      [
        { account: 'a', params: dear },
        { account: 'b', params: dear.replaceAll('0.0000', '0.000001') },
      ],
      'routing_strategy: cost-based-routing',
    );

    it('asks who costs least', async () => {
      for (let call = 0; call < 6; call += 1) expect((await rules.ask()).to).toEqual(['b']);
    });
  });

  describe('usage-based-routing-v2', () => {
    rules.withRules(two, 'routing_strategy: usage-based-routing-v2');

    it('asks who had the fewest tokens in this minute', async () => {
      const before = rules.world.simulator.seen.length;
      for (let call = 0; call < 8; call += 1) await rules.ask();
      const counts = ['a', 'b'].map(
        (name) => rules.world.askedSince(before).filter((account) => account === name).length,
      );
      expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(2);
    });
  });
});

describe('default_litellm_params, and an alias that is hidden', () => {
  rules.withRules(
    [{ account: 'a' }, { account: 'b', params: 'reasoning_effort: high' }],
    'default_litellm_params: { reasoning_effort: low }, model_group_alias: { secret: { model: team, hidden: true } }',
  );

  it('hold for every deployment that does not say otherwise, and for no request that does', async () => {
    const effortOf = async (body: Record<string, unknown>): Promise<unknown> => {
      await post(rules.world.bench, '/v1/chat/completions', chatBody(body));
      return (rules.world.simulator.seen.at(-1)?.body as { reasoning?: { effort?: unknown } }).reasoning?.effort;
    };
    expect(await effortOf({ model: 'a' })).toBe('low');
    expect(await effortOf({ model: 'b' })).toBe('high');
    expect(await effortOf({ model: 'a', reasoning_effort: 'medium' })).toBe('medium');
    expect((await rules.ask({ model: 'secret' })).answer.status).toBe(200);
  });
});
