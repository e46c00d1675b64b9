import { randomUUID } from 'node:crypto';
import { objectOf } from '../simulator/json';
import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const chat = '/v1/chat/completions';
const spent = { budget_limit: 0.0000001, time_period: '1d' };

interface Own {
  readonly url: string;
  readonly key: string;
}

async function makeKey(bench: TestBench, fields: Readonly<Record<string, unknown>>): Promise<Own> {
  const made = await post(bench, '/key/generate', fields);
  expect(made.status).toBe(200);
  return { url: bench.url, key: (made.json as { readonly key: string }).key };
}

/** A new team with limits, and its one member. */
async function memberOf(
  bench: TestBench,
  limits: Readonly<Record<string, unknown>>,
): Promise<{ readonly team: string; readonly member: string }> {
  const team = `t-${randomUUID()}`;
  const member = `u-${randomUUID()}`;
  const members = { members_with_roles: [{ role: 'user', user_id: member }] };
  expect((await post(bench, '/user/new', { user_id: member, auto_create_key: false })).status).toBe(200);
  expect((await post(bench, '/team/new', { team_id: team, ...members, ...limits })).status).toBe(200);
  return { team, member };
}

/** What upstream was asked since then, oldest first: model, tier, effort. */
function asked(bench: TestBench, before: number): readonly (readonly unknown[])[] {
  return bench.simulator.seen
    .slice(before)
    .filter(({ path }) => path.endsWith('/responses'))
    .map(({ body }) => {
      const { model, service_tier: tier, reasoning } = objectOf(body);
      return [model, tier, reasoning === undefined ? undefined : objectOf(reasoning)['effort']];
    });
}

function ask(own: Own, body: Readonly<Record<string, unknown>>): Promise<ReadAnswer> {
  return post(own, chat, chatBody(body));
}

function nativeBody(model: string): Record<string, unknown> {
  return {
    model,
    instructions: 'x',
    stream: true,
    store: false,
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  };
}

/** Names that all mean gpt-5.5 and begin like another model. */
const madeUp = ['gpt-5.6-lunazzz/gpt-5.5-high', 'gpt-5.6-luna/gpt-5.5', 'gpt-5.6-lun/openai/gpt-5.5'];
/** Further spellings of gpt-5.5. */
const spellings = [
  'gpt-5.5',
  'GPT-5.5',
  'gpt-5.5 ',
  'gpt-5.5-high',
  'gpt-5.5:high',
  'codex/gpt-5.5',
  'openai/gpt-5.5_low',
];

describe.each([
  ['the whole catalog', ''],
  ['a wildcard', 'model_list:\n  - { model_name: "*", litellm_params: { model: "codex-oauth/*" } }\n'],
  [
    'groups and a wildcard',
    'model_list:\n  - { model_name: dear, litellm_params: { model: codex-oauth/gpt-5.5 } }\n  - { model_name: "*", litellm_params: { model: "codex-oauth/*" } }\n',
  ],
])('rules of a key about models, with %s', (name, config) => {
  let bench: TestBench;

  beforeAll(async () => {
    bench = await startBench(config === '' ? {} : { config });
  });
  afterAll(() => bench.close());

  it.each(madeUp)('are not walked around by %s', async (model) => {
    const own = await makeKey(bench, { models: ['gpt-5.6-lun*'] });
    const before = bench.simulator.seen.length;
    expect((await ask(own, { model })).status).toBeGreaterThanOrEqual(403);
    const native = await post(own, '/backend-api/codex/responses', nativeBody(model));
    expect([400, 403, 404]).toContain(native.status);
    expect(native.text).toContain('model_not_found');
    expect(asked(bench, before).filter(([to]) => to === 'gpt-5.5')).toEqual([]);
  });

  it('do not fit a pattern to a prefix that is taken off', async () => {
    const own = await makeKey(bench, { models: ['codex-auto*', 'open*'] });
    expect((await ask(own, { model: 'openrouter/gpt-5.5' })).status).toBe(403);
  });

  it.each(['gpt-5.5', 'gpt-5.5-high', 'GPT-5.5', 'openrouter/openai/gpt-5.5'])(
    'allow %s by what it means',
    async (model) => {
      const own = await makeKey(bench, { models: ['gpt-5*'] });
      expect((await ask(own, { model })).status).toBe(200);
    },
  );

  it('allow patterns of prefixes that mean nothing', async () => {
    const own = await makeKey(bench, { models: ['codex/*'] });
    expect((await ask(own, { model: 'codex/gpt-5.5' })).status).toBe(200);
    expect((await ask(own, { model: 'gpt-5.5' })).status).toBe(403);
  });

  it.each(spellings)('limit %s as the model that it is', async (model) => {
    const own = await makeKey(bench, { model_max_budget: { 'gpt-5.5': spent } });
    const { status, text } = await ask(own, { model });
    expect([status, text]).toEqual([429, expect.stringContaining('budget')]);
    expect((await ask(own, { model: 'gpt-6.1-sol' })).status).toBe(200);
  });

  it('limit a model by a bare number too, as its budget for ever', async () => {
    const own = await makeKey(bench, { model_max_budget: { 'gpt-5.5': spent.budget_limit } });
    const { status, text } = await ask(own, { model: 'gpt-5.5' });
    expect([status, text]).toEqual([429, expect.stringContaining('budget')]);
    expect((await ask(own, { model: 'gpt-6.1-sol' })).status).toBe(200);
  });

  it('limit a model by whatever name its limit has', async () => {
    const own = await makeKey(bench, { model_rpm_limit: { 'openai/gpt-5.5': 1 } });
    expect([(await ask(own, { model: 'gpt-5.5' })).status, (await ask(own, { model: 'gpt-5.5-low' })).status]).toEqual([
      200, 429,
    ]);
  });

  it.each([
    ['gpt-5.5', 'openai/gpt-5.5'],
    ['openai/gpt-5.5', 'gpt-5.5'],
  ])('limit %s for the team whatever its member says of %s', async (ofTeam, ofKey) => {
    const { team, member } = await memberOf(bench, { model_rpm_limit: { [ofTeam]: 1 } });
    const own = await makeKey(bench, { team_id: team, user_id: member });
    const change = { key: own.key, model_rpm_limit: { [ofKey]: 1_000, 'gpt-5.5-high': 1_000 } };
    expect((await post(own, '/key/update', change)).status).toBe(200);
    const statuses = [];
    for (const model of ['gpt-5.5-high', 'gpt-5.5', 'openai/gpt-5.5'])
      statuses.push((await ask(own, { model })).status);
    expect(statuses).toEqual([200, 429, 429]);
  });

  it('refuse a model whose limits have more names than a call is entered under', async () => {
    const efforts = ['', '-low', '-medium', '-high', '-xhigh', ':low', ':medium', ':high', ':xhigh'];
    const names = ['', 'openai/', 'codex/'].flatMap((prefix) => efforts.map((effort) => `${prefix}gpt-5.5${effort}`));
    const own = await makeKey(bench, { model_rpm_limit: Object.fromEntries(names.map((each) => [each, 1_000])) });
    const { status, text } = await ask(own, { model: 'gpt-5.5' });
    expect([status, text]).toEqual([403, expect.stringContaining('under more than 24 names')]);
    expect((await ask(own, { model: 'gpt-6.1-sol' })).status).toBe(200);
  });

  it.each([
    ['key', 'aliases', 'model_rpm_limit', 1],
    ['key', 'aliases', 'model_max_budget', spent],
    ['team', 'model_aliases', 'model_rpm_limit', 1],
  ] as const)('limit for an alias of a %s (%s, %s) what it stands for', async (where, aliases, field, limit) => {
    const limits = { [aliases]: { fast: 'openai/gpt-5.5' }, [field]: { fast: limit } };
    const { team, member } = await memberOf(bench, where === 'team' ? limits : {});
    const own = await makeKey(bench, {
      team_id: team,
      user_id: member,
      ...(where === 'key' ? limits : { aliases: { fast: 'gpt-6.1-sol' } }),
    });
    const first = await ask(own, { model: where === 'key' ? 'fast' : 'gpt-5.5' });
    expect(first.status).toBe(field === 'model_rpm_limit' ? 200 : 429);
    for (const model of ['fast', 'gpt-5.5-high', 'gpt-5.5']) expect((await ask(own, { model })).status).toBe(429);
    expect((await ask(await makeKey(bench, { team_id: team }), { model: 'gpt-6.1-sol' })).status).toBe(200);
  });

  it('do not let a holder lead a limited alias of the key elsewhere', async () => {
    const { team, member } = await memberOf(bench, {});
    const limits = { aliases: { fast: 'gpt-5.5' }, model_rpm_limit: { fast: 1 } };
    const own = await makeKey(bench, { team_id: team, user_id: member, ...limits });
    const changed = await post(own, '/key/update', { key: own.key, aliases: {} });
    expect([changed.status, changed.text]).toEqual([403, expect.stringContaining("'aliases'")]);
    expect(
      (await post(own, '/key/update', { key: own.key, aliases: { ...limits.aliases, big: 'gpt-5.5' } })).status,
    ).toBe(200);
    expect([(await ask(own, { model: 'big' })).status, (await ask(own, { model: 'fast' })).status]).toEqual([200, 429]);
  });

  it('open what an alias of the operator stands for where the list names the alias, and not what a holder makes of it', async () => {
    const statuses = async (own: Own): Promise<readonly number[]> => {
      const answers = await Promise.all(['tier', 'gpt-5.5', 'gpt-6.1-sol'].map((model) => ask(own, { model })));
      return answers.map(({ status }) => status);
    };
    const { team, member } = await memberOf(bench, {
      models: ['tier', 'gpt-6.1-sol'],
      model_aliases: { tier: 'gpt-5.5' },
    });
    expect(await statuses(await makeKey(bench, { team_id: team, models: ['tier'] }))).toEqual([200, 200, 403]);
    const own = await makeKey(bench, { user_id: member, models: ['tier'], aliases: { tier: 'gpt-5.5' } });
    expect(await statuses(own)).toEqual([200, 200, 403]);
    const { json } = await send(own, '/v1/models');
    expect((json as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(expect.arrayContaining(['tier']));
    expect((await send(own, '/v1/models/tier')).status).toBe(200);
    for (const aliases of [{ tier: 'gpt-6.1-sol' }, { 'gpt-5.5': 'gpt-6.1-sol', tier: 'gpt-6.1-sol' }]) {
      expect((await post(own, '/key/update', { key: own.key, aliases })).status).toBe(200);
      expect((await post(bench, '/key/update', { key: own.key, rpm_limit: 1_000 })).status).toBe(200);
      expect((await statuses(own))[0]).toBe(403);
      expect((await statuses(own))[2]).toBe(403);
    }
    expect((await post(bench, '/key/update', { key: own.key, aliases: null })).status).toBe(200);
    expect((await statuses(own))[1]).toBe(403);
  });

  it.each(['/team/new', '/team/update'])('limit a model in the metadata of a team, by %s', async (path) => {
    const metadata = { model_rpm_limit: { 'gpt-5.5': 1 }, owner: 'ann' };
    const { team } = await memberOf(bench, path === '/team/new' ? { metadata } : {});
    if (path === '/team/update') expect((await post(bench, path, { team_id: team, metadata })).status).toBe(200);
    const own = await makeKey(bench, { team_id: team });
    expect([(await ask(own, { model: 'gpt-5.5' })).status, (await ask(own, { model: 'gpt-5.5-low' })).status]).toEqual([
      200, 429,
    ]);
    const { json } = await send(bench, `/team/info?team_id=${team}`);
    expect(json).toMatchObject({ team_info: { metadata: { owner: 'ann' }, model_rpm_limit: { 'gpt-5.5': 1 } } });
  });

  if (name === 'groups and a wildcard') {
    it('limit a group also when its model is asked for behind the wildcard', async () => {
      const own = await makeKey(bench, { model_max_budget: { dear: spent } });
      for (const model of ['dear', ...spellings]) expect((await ask(own, { model })).status).toBe(429);
    });
  }
});

describe('limits of a group and of its model', () => {
  let bench: TestBench;
  const groups = ['team-default', 'other'].map(
    (group) => `  - { model_name: ${group}, litellm_params: { model: codex-oauth/gpt-5.5 } }\n`,
  );

  beforeAll(async () => {
    bench = await startBench({ config: `model_list:\n${groups.join('')}` });
  });
  afterAll(() => bench.close());

  it.each(['team', 'key'])(
    'all hold: what a holder adds takes nothing away of what stands at the %s',
    async (where) => {
      const limits = { model_max_budget: { 'gpt-5.5': { budget_limit: 0.002, time_period: '1d' } } };
      const { team, member } = await memberOf(bench, where === 'team' ? limits : {});
      const own = await makeKey(bench, { team_id: team, user_id: member, ...(where === 'key' ? limits : {}) });
      const change = { key: own.key, model_rpm_limit: { 'team-default': 1_000 } };
      expect((await post(own, '/key/update', change)).status).toBe(200);
      const statuses = [];
      for (const model of ['team-default', 'team-default', 'team-default', 'other'])
        statuses.push((await ask(own, { model })).status);
      expect(statuses).toEqual([200, 429, 429, 429]);
      const { json } = await send(own, '/v1/usage');
      const used = (
        json as { readonly limits: readonly { readonly limit: string; readonly used: number }[] }
      ).limits.map(({ limit, used: sum }) => [limit, sum > 0]);
      expect(used).toEqual(
        expect.arrayContaining([
          [`${where}.max_budget[gpt-5.5]`, true],
          ['key.rpm_limit[team-default]', true],
        ]),
      );
      const looked = await post(bench, '/spend/reconcile', { repair: false });
      expect(looked.json).toMatchObject({ mismatches: [] });
    },
  );
});

describe('the highest effort of a key', () => {
  let bench: TestBench;
  beforeAll(async () => {
    bench = await startBench({});
  });
  afterAll(() => bench.close());

  it.each(['low', 'medium'])(
    '%s holds for an effort that the name of a model asks for, also on the native surface',
    async (ceiling) => {
      const own = await makeKey(bench, { max_reasoning_effort: ceiling });
      const before = bench.simulator.seen.length;
      for (const model of ['gpt-6.1-sol-xhigh', 'gpt-5.5-xhigh']) {
        expect((await ask(own, { model })).status).toBe(200);
        await post(own, '/backend-api/codex/responses', nativeBody(model));
      }
      const efforts = asked(bench, before).map(([, , effort]) => effort);
      expect(efforts.length).toBeGreaterThanOrEqual(3);
      expect(
        efforts.filter(
          (effort) => effort === 'xhigh' || effort === 'high' || (ceiling === 'low' && effort === 'medium'),
        ),
      ).toEqual([]);
    },
  );
});
