import { createHash } from 'node:crypto';
import OpenAI from 'openai';
import { chatBody, type ErrorEnvelope, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, look, manage, refusalIn } from '../support/holders';

const config = `
model_list:
  - model_name: fast
    litellm_params: {model: codex-oauth/gpt-5.5}
    model_info: {access_groups: [cheap]}
  - model_name: deep
    litellm_params: {model: codex-oauth/gpt-5.5}
`;

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({ config });
});
afterAll(() => bench.close());

const ask = (door: { readonly url: string; readonly key: string }) =>
  post(door, '/v1/chat/completions', chatBody({ model: 'fast' }));

describe('making keys', () => {
  it('gives a key of 256 bits once, with LiteLLM’s fields, that an OpenAI client can use', async () => {
    const made = await manage(bench, '/key/generate', {
      key_alias: 'alice-laptop',
      duration: '30d',
      models: ['fast'],
      max_budget: 25,
      budget_duration: '30d',
      rpm_limit: 60,
      metadata: { owner: 'alice' },
      tags: ['team-a'],
      guardrails: ['x'],
    });
    expect(made).toMatchObject({
      key_alias: 'alice-laptop',
      models: ['fast'],
      max_budget: 25,
      budget_duration: '30d',
      rpm_limit: 60,
      tpm_limit: null,
      spend: 0,
      metadata: { owner: 'alice', tags: ['team-a'] },
      user_id: null,
      team_id: null,
      blocked: false,
      created_by: 'master',
      litellm_budget_table: null,
      guardrails: ['x'],
      ignored_fields: ['guardrails'],
    });
    const secret = String(made['key']);
    const told = (await look(bench, `/key/info?key=${secret}`))['info'] as Record<string, unknown>;
    expect(told['budget_reset_at']).toMatch(/^\d{4}-\d\d-01T00:00:00\.000Z$/);
    expect(made['budget_reset_at']).toBe(told['budget_reset_at']);
    expect(secret).toMatch(/^sk-[A-Za-z0-9_-]{43}$/);
    expect(made['token']).toBe(createHash('sha256').update(secret).digest('hex'));
    expect(made['token_id']).toBe(made['token']);
    expect(made['key_name']).toBe(`sk-...${secret.slice(-4)}`);
    expect(Date.parse(String(made['expires'])) - Date.now()).toBeGreaterThan(29 * 86_400_000);
    const client = new OpenAI({ baseURL: `${bench.url}/v1`, apiKey: secret, maxRetries: 0 });
    const stream = await client.chat.completions.create({
      model: 'fast',
      stream: true,
      messages: [{ role: 'user', content: 'Hello?' }],
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).not.toBe('');
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['fast']);
    // Shown once: nothing else ever has it.
    for (const path of [`/key/info?key=${String(made['token'])}`, '/key/list?return_full_object=true', '/audit'])
      expect(JSON.stringify(await look(bench, path))).not.toContain(secret);
  });

  it('takes a value of one’s own, and refuses weak ones and those in use', async () => {
    const own = await manage(bench, '/key/generate', { key: 'sk-chosen-by-an-operator' });
    expect(own['key']).toBe('sk-chosen-by-an-operator');
    expect((await ask({ url: bench.url, key: 'sk-chosen-by-an-operator' })).status).toBe(200);
    for (const key of [
      'sk-short',
      'no-prefix-but-long-enough',
      'sk-with space in it 123',
      'sk-chosen-by-an-operator',
      42,
    ])
      expect([key, ...refusalIn(await post(bench, '/key/generate', { key }))]).toEqual([
        key,
        400,
        'invalid_request_error',
        'key',
      ]);
    expect((await post(bench, '/key/generate', { key: 'sk-chosen-by-an-operator' })).text).not.toContain(
      String(own['token']),
    );
  });

  it.each([
    ['max_budget', -1],
    ['max_budget', 'much'],
    ['max_budget', 1e12],
    ['rpm_limit', 1.5],
    ['budget_duration', '30 days'],
    ['duration', '-1'],
    ['models', 'fast'],
    ['models', ['']],
    ['metadata', 'text'],
    ['blocked', 'yes'],
    ['limit_mode', 'sometimes'],
    ['max_reasoning_effort', 'extreme'],
    ['service_tier', 'free'],
    ['allowed_networks', ['10.0.0.0/99']],
    ['team_id', 'nowhere'],
    ['budget_id', 'nowhere'],
    ['key_type', 'admin'],
    ['max_buget', 5],
  ])('names the field when %s is %j', async (field, value) => {
    const [status, type, param] = refusalIn(await post(bench, '/key/generate', { [field]: value }));
    expect([status, type, String(param).split('.')[0]]).toEqual([400, 'invalid_request_error', field]);
  });

  it('names the field inside a list, and what is not understood', async () => {
    const window = await post(bench, '/key/generate', {
      budget_limits: [{ budget_duration: '1d', max_budget: 1, max_tokens: 5 }],
    });
    expect(refusalIn(window)[2]).toBe('budget_limits.0');
    const deep = await post(bench, '/key/generate', { budget_limits: [{ budget_duration: 'x', max_budget: 1 }] });
    expect(refusalIn(deep)[2]).toBe('budget_limits.0.budget_duration');
    const slip = await post(bench, '/key/generate', { maxbudget: 5 });
    expect((slip.json as ErrorEnvelope).error.message).toContain("did you mean 'max_budget'");
    for (const body of ['[]', '"x"', 'null', '{"__proto__": 1}'])
      expect(
        (await send(bench, '/key/generate', { method: 'POST', body, headers: { 'content-type': 'application/json' } }))
          .status,
      ).toBe(400);
  });

  it('takes names that mean something to JavaScript for names', async () => {
    const body =
      '{"metadata": {"__proto__": {"blocked": true}, "constructor": 1}, "model_rpm_limit": {"constructor": 2, "toString": 3}, "aliases": {"__proto__": "x", "hasOwnProperty": "fast"}}';
    const { json } = await send(bench, '/key/generate', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(json).toMatchObject({
      blocked: false,
      model_rpm_limit: { constructor: 2, toString: 3 },
      aliases: { hasOwnProperty: 'fast' },
    });
    expect((json as { metadata: object }).metadata).toEqual({
      constructor: 1,
      model_rpm_limit: { constructor: 2, toString: 3 },
    });
    expect((await ask({ url: bench.url, key: (json as { key: string }).key })).status).toBe(200);
  });

  it('keeps aliases unique', async () => {
    await manage(bench, '/key/generate', { key_alias: 'only-one' });
    expect(refusalIn(await post(bench, '/key/generate', { key_alias: 'only-one' }))).toEqual([
      400,
      'invalid_request_error',
      'key_alias',
    ]);
    const other = await holder(bench);
    expect(refusalIn(await post(bench, '/key/update', { key: other.id, key_alias: 'only-one' }))[2]).toBe('key_alias');
  });

  it('makes service accounts of teams only', async () => {
    await manage(bench, '/team/new', { team_id: 'robots' });
    const made = await manage(bench, '/key/service-account/generate', { team_id: 'robots', key_alias: 'ci' });
    expect(made).toMatchObject({ team_id: 'robots', user_id: null, metadata: { service_account_id: 'ci' } });
    expect(refusalIn(await post(bench, '/key/service-account/generate', {}))[2]).toBe('team_id');
  });
});

describe('changing keys', () => {
  it('changes what is sent, takes away what is null, and says where a budget counts from', async () => {
    const door = await holder(bench, { max_budget: 5, rpm_limit: 3, models: ['fast'], tags: ['a'] });
    const changed = await manage(bench, '/key/update', {
      key: door.key,
      max_budget: 7,
      rpm_limit: null,
      metadata: { model_rpm_limit: { fast: 2 }, note: 'x' },
    });
    expect(changed).toMatchObject({
      max_budget: 7,
      rpm_limit: null,
      models: ['fast'],
      tags: ['a'],
      model_rpm_limit: { fast: 2 },
    });
    expect(changed['metadata']).toEqual({ model_rpm_limit: { fast: 2 }, tags: ['a'], note: 'x' });
    expect(String(changed['budget_note'])).toContain('ledger');
    const info = await look(bench, `/key/info?key=${door.id}`);
    expect(info['info']).toMatchObject({ max_budget: 7, rpm_limit: null });
    expect(refusalIn(await post(bench, '/key/update', { key: 'sk-unknown-to-all-00', max_budget: 1 }))).toEqual([
      404,
      'not_found_error',
      'key',
    ]);
    expect(refusalIn(await post(bench, '/key/update', { key: door.key, temp_budget_increase: 1 }))[2]).toBe(
      'temp_budget_expiry',
    );
  });

  it('blocks and opens, and turns the secret with a time of grace', async () => {
    const door = await holder(bench);
    expect((await ask(door)).status).toBe(200);
    expect(await manage(bench, '/key/block', { key: door.key })).toMatchObject({ blocked: true, token: door.id });
    expect(refusalIn(await ask(door))).toEqual([401, 'auth_error', null]);
    await manage(bench, '/key/unblock', { key: door.id });
    expect((await ask(door)).status).toBe(200);
    const turned = await manage(bench, `/key/${door.id}/regenerate`, { grace_period: '1h', max_budget: 3 });
    expect(turned).toMatchObject({ token: door.id, max_budget: 3, rotation_count: 1 });
    const fresh = { url: bench.url, key: String(turned['key']) };
    expect([(await ask(door)).status, (await ask(fresh)).status]).toEqual([200, 200]);
    expect((await look(fresh, '/key/info'))['key']).toBe(door.id);
    const again = await manage(bench, '/key/regenerate', { key: fresh.key, new_key: 'sk-of-ones-own-again' });
    expect([(await ask(fresh)).status, (await ask({ url: bench.url, key: String(again['key']) })).status]).toEqual([
      401, 200,
    ]);
  });

  it('turns the secret of the key in the query, where the body names none', async () => {
    const [one, two] = [await holder(bench), await holder(bench)];
    const turned = await manage(bench, `/key/regenerate?key=${one.id}`, { max_budget: 4 });
    expect(turned).toMatchObject({ token: one.id, max_budget: 4, rotation_count: 1 });
    expect(await manage(bench, `/key/regenerate?key=${one.id}`, {})).toMatchObject({ rotation_count: 2 });
    expect(await manage(bench, `/key/regenerate?key=${one.id}`, { key: two.id })).toMatchObject({ token: two.id });
    expect(refusalIn(await post(bench, '/key/regenerate', {}))).toEqual([400, 'invalid_request_error', 'key']);
  });

  it('deletes all that are named, or none', async () => {
    const [one, two] = [await holder(bench, { key_alias: 'one' }), await holder(bench, { key_alias: 'two' })];
    expect((await post(bench, '/key/delete', { keys: [one.key, 'sk-unknown-to-all-00'] })).status).toBe(404);
    expect((await ask(one)).status).toBe(200);
    expect(await manage(bench, '/key/delete', { keys: [one.key], key_aliases: ['two'] })).toEqual({
      deleted_keys: [one.key, 'two'],
    });
    expect([(await ask(one)).status, (await ask(two)).status]).toEqual([401, 401]);
    expect((await post(bench, '/key/delete', {})).status).toBe(400);
  });
});

describe('listing keys', () => {
  it('filters by user, team, alias and digest, and pages', async () => {
    const own = await startBench();
    await manage(own, '/team/new', { team_id: 't', members_with_roles: [{ user_id: 'ann', role: 'admin' }] });
    await manage(own, '/user/new', { user_id: 'ann', auto_create_key: false, teams: ['t'] });
    const team = (await manage(own, '/team/info?team_id=t', undefined).catch(() => undefined)) as undefined;
    expect(team).toBeUndefined();
    await manage(own, '/team/member_update', { team_id: 't', user_id: 'ann', role: 'admin' });
    for (let at = 0; at < 5; at += 1) await holder(own, { user_id: 'ann', key_alias: `ann-${at}` });
    for (let at = 0; at < 3; at += 1) await holder(own, { team_id: 't', key_alias: `team-${at}` });
    const both = await holder(own, { team_id: 't', user_id: 'ann', key_alias: 'both' });
    await holder(own, { user_id: 'bob' });
    const list = async (query: string, door: { readonly url: string; readonly key: string } = own) => {
      const { keys, total_count, current_page, total_pages } = await look(
        door,
        `/key/list?return_full_object=true&${query}`,
      );
      return {
        names: (keys as { key_alias: string | null }[]).map(({ key_alias }) => key_alias),
        total_count,
        current_page,
        total_pages,
      };
    };
    expect(await list('size=4')).toMatchObject({
      total_count: 10,
      current_page: 1,
      total_pages: 3,
      names: [null, 'both', 'team-2', 'team-1'],
    });
    expect((await list('size=4&page=3')).names).toEqual(['ann-1', 'ann-0']);
    expect((await list('user_id=ann&sort_order=asc')).names).toEqual([
      'ann-0',
      'ann-1',
      'ann-2',
      'ann-3',
      'ann-4',
      'both',
    ]);
    expect(await list('team_id=t')).toMatchObject({ total_count: 4 });
    expect((await list('team_id=t&user_id=ann')).names).toEqual(['both']);
    expect((await list(`key_hash=${both.id}`)).names).toEqual(['both']);
    expect((await list('key_alias=ann-3')).names).toEqual(['ann-3']);
    expect((await list('key_alias=ann-3&user_id=bob')).names).toEqual([]);
    expect(await list('user_id=ann&include_team_keys=true&size=3&page=3')).toMatchObject({
      total_count: 9,
      names: ['ann-2', 'ann-1', 'ann-0'],
    });
    expect((await list('user_id=ann&sort_by=key_alias&sort_order=asc&size=2')).names).toEqual(['ann-0', 'ann-1']);
    const hashes = await look(own, `/key/list?key_hash=${both.id}`);
    expect(hashes['keys']).toEqual([both.id]);
    // A holder sees its user's keys, whatever it asks for.
    expect((await list('', both)).total_count).toBe(6);
    expect((await list('include_team_keys=true', both)).total_count).toBe(9);
    expect((await list('user_id=bob', both)).total_count).toBe(0);
    for (const query of ['size=0', 'page=x', 'sort_by=secret', 'return_full_object=perhaps'])
      expect((await send(own, `/key/list?${query}`)).status).toBe(400);
    await own.close();
  });
});
