import { createHash } from 'node:crypto';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage, refusalIn } from '../support/holders';

const config = `
model_list:
  - model_name: '*'
    litellm_params: {model: codex/*}
  - model_name: small
    litellm_params: {model: codex/gpt-5.5}
    model_info: {access_groups: [cheap, all-small]}
  - model_name: large
    litellm_params: {model: codex/gpt-5.5}
    model_info: {access_groups: [dear]}
`;

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({ config });
});
afterAll(() => bench.close());

const infoOf = async (key: string): Promise<Json> => (await look(bench, `/key/info?key=${key}`))['info'] as Json;
const userOf = async (id: string): Promise<Json> =>
  (await look(bench, `/user/info?user_id=${id}`))['user_info'] as Json;

describe('scripts that send what LiteLLM’s clients send', () => {
  it('see what a key spent, whatever spend they sent along when they made it', async () => {
    const door = await holder(bench, { spend: 3 });
    expect((await infoOf(door.id))['spend']).toBe(0);
    await post(door, '/v1/chat/completions', chatBody());
    const { spend } = await infoOf(door.id);
    expect(spend).toBeGreaterThan(0);
    expect(spend).toBeLessThan(1);
    await manage(bench, '/user/new', { user_id: 'spender', spend: 4, auto_create_key: false });
    expect((await userOf('spender'))['spend']).toBe(0);
  });

  it('see what a customer spent whom only requests have named', async () => {
    const door = await holder(bench, {});
    await post(door, '/v1/chat/completions', chatBody({ user: 'walk-in' }));
    const walkIn = await look(bench, '/customer/info?end_user_id=walk-in');
    expect(walkIn).toMatchObject({ user_id: 'walk-in', blocked: false, alias: null, litellm_budget_table: null });
    expect(walkIn['spend']).toBe((await infoOf(door.id))['spend']);
    expect(walkIn['spend']).toBeGreaterThan(0);
    expect((await send(bench, '/customer/info?end_user_id=nobody')).status).toBe(404);
  });

  it('set what counts as spent with spend in an update, as LiteLLM’s do to let a spent key go on', async () => {
    await manage(bench, '/user/new', { user_id: 'again', max_budget: 0.003, auto_create_key: false });
    const door = await holder(bench, { user_id: 'again', max_budget: 0.003 });
    const ask = async (): Promise<number> => (await post(door, '/v1/chat/completions', chatBody())).status;
    expect([await ask(), await ask()]).toEqual([200, 429]);
    const key = await manage(bench, '/key/update', { key: door.id, spend: 0, metadata: { refilled: true } });
    expect(key).toMatchObject({ spend: 0, metadata: { refilled: true } });
    expect(key).not.toHaveProperty('ignored_fields');
    expect(await manage(bench, '/user/update', { user_id: 'again', spend: '0.0025' })).toMatchObject({ spend: 0.0025 });
    await manage(bench, '/user/update', { user_id: 'again', spend: 0 });
    expect((await infoOf(door.id))['spend']).toBe(0);
    expect([await ask(), await ask()]).toEqual([200, 429]);
    expect(refusalIn(await post(bench, '/key/update', { key: door.id, spend: 'much' }))[2]).toBe('spend');
  });

  it('name keys to be deleted with both of LiteLLM’s lists, one of them null', async () => {
    const [one, two] = [await holder(bench, { key_alias: 'cli-1' }), await holder(bench, { key_alias: 'cli-2' })];
    await manage(bench, '/key/delete', { keys: [one.id], key_aliases: null });
    await manage(bench, '/key/delete', { keys: null, key_aliases: ['cli-2'] });
    expect((await post(two, '/v1/chat/completions', chatBody())).status).toBe(401);
    expect(await look(bench, `/key/list?key_hash=${one.id}`)).toMatchObject({ total_count: 0 });
    expect(refusalIn(await post(bench, '/key/delete', { keys: null, key_aliases: null }))[0]).toBe(400);
  });

  it('name members of teams as LiteLLM shows them, with null where it knows no email', async () => {
    const member = (user_id: string): Json => ({ role: 'user', user_id, user_email: null });
    await manage(bench, '/team/new', { team_id: 'nulls', members_with_roles: [member('n1')] });
    await manage(bench, '/team/member_add', { team_id: 'nulls', member: member('n2') });
    await manage(bench, '/team/member_add', { team_id: 'nulls', member: [member('n3')] });
    await manage(bench, '/team/member_delete', { team_id: 'nulls', user_id: 'n1', user_email: null });
    const { team_info } = await look(bench, '/team/info?team_id=nulls');
    expect((team_info as Json)['members_with_roles']).toEqual([
      { role: 'user', user_id: 'n2' },
      { role: 'user', user_id: 'n3' },
    ]);
    const nobody = { team_id: 'nulls', member: { role: 'user', user_id: null, user_email: null } };
    expect(refusalIn(await post(bench, '/team/member_add', nobody))[0]).toBe(400);
    await manage(bench, '/team/delete', { team_ids: ['nulls'] });
  });

  it('may send fields of newer releases that limit nothing, and are told that they do nothing; limits are refused', async () => {
    const ofKeys = {
      enable_prompt_caching: true,
      disable_global_guardrails: true,
      denied_passthrough_routes: ['/x'],
      default_estimated_output_tokens: 9,
      mcp_rpm_limit: { m: 1 },
    };
    expect(await manage(bench, '/key/generate', ofKeys)).toMatchObject({
      ...ofKeys,
      ignored_fields: Object.keys(ofKeys),
    });
    const ofTeams = {
      require_trace_id: true,
      denied_passthrough_routes: ['/x'],
      default_estimated_output_tokens: 9,
      mcp_rpm_limit: { m: 1 },
    };
    const team = await manage(bench, '/team/new', { team_id: 'newer', ...ofTeams });
    expect(team).toMatchObject({ ...ofTeams, ignored_fields: Object.keys(ofTeams) });
    await manage(bench, '/team/delete', { team_ids: ['newer'] });
    for (const limit of ['tpd_limit', 'tag_rpm_limit', 'budget_fallbacks', 'end_user_budget_id'])
      expect(refusalIn(await post(bench, '/key/generate', { [limit]: 1 }))).toEqual([
        400,
        'invalid_request_error',
        limit,
      ]);
    expect(JSON.stringify(await post(bench, '/key/generate', { tpd_limit: 1 }))).not.toContain('tpm_limit');
  });

  it('may send all fields of LiteLLM’s models, null where they mean nothing', async () => {
    const ofKeys = {
      tpd_limit: null,
      tag_rpm_limit: null,
      budget_fallbacks: null,
      end_user_budget_id: null,
      throttle_on_budget_exceeded: null,
    };
    const { key } = await manage(bench, '/key/generate', ofKeys);
    expect(await manage(bench, '/key/update', { key, ...ofKeys })).not.toHaveProperty('ignored_fields');
    await manage(bench, '/team/new', {
      team_id: 'all',
      tpd_limit: null,
      team_member_model_max_budget: null,
      default_team_member_models: null,
    });
    await manage(bench, '/team/member_add', { team_id: 'all', member: { user_id: 'a1' }, allowed_models: null });
    await manage(bench, '/team/member_update', {
      team_id: 'all',
      user_id: 'a1',
      model_max_budget: null,
      temp_budget_increase: null,
      temp_budget_expiry: null,
    });
    await manage(bench, '/team/delete', { team_ids: ['all'] });
    await manage(bench, '/user/new', { user_id: 'a1', auto_create_key: false, budget_fallbacks: null });
    await manage(bench, '/user/update', {
      user_id: 'a1',
      key_alias: null,
      duration: null,
      aliases: null,
      team_id: null,
    });
    await manage(bench, '/user/delete', { user_ids: ['a1'] });
    expect(refusalIn(await post(bench, '/key/generate', { max_bugdet: null }))[2]).toBe('max_bugdet');
  });

  it('are told what of a customer and of a budget is not kept', async () => {
    const ofCustomer = { metadata: { plan: 'gold' }, spend: 2 };
    const ofBudget = { allowed_models: ['gpt-5.5'] };
    for (const step of ['new', 'update']) {
      const customer = await manage(bench, `/customer/${step}`, { user_id: 'told', alias: step, ...ofCustomer });
      expect(customer).toMatchObject({ alias: step, ignored_fields: ['metadata', 'spend'] });
      const budget = await manage(bench, `/budget/${step}`, { budget_id: 'told', max_budget: 1, ...ofBudget });
      expect(budget).toMatchObject({ max_budget: 1, ignored_fields: ['allowed_models'] });
      expect(await manage(bench, '/budget/update', { budget_id: 'told' })).not.toHaveProperty('ignored_fields');
    }
  });

  it('find what a key spent by its present secret and its digest, however often it was regenerated', async () => {
    const { id } = await holder(bench, { key_alias: 'turned' });
    const { key } = await manage(bench, '/key/regenerate', { key: id });
    const door = { url: bench.url, key: String(key) };
    expect((await post(door, '/v1/chat/completions', chatBody())).status).toBe(200);
    const today = new Date().toISOString().slice(0, 10);
    const days = `start_date=${today}&end_date=${today}`;
    for (const named of [id, door.key, createHash('sha256').update(door.key).digest('hex')]) {
      expect(await look(door, `/spend/logs?api_key=${named}`)).toMatchObject([{ api_key: id }]);
      expect(await look(bench, `/spend/logs/v2?${days}&api_key=${named}`)).toMatchObject({ total: 1 });
      expect(await look(bench, `/user/daily/activity?${days}&api_key=${named}`)).toMatchObject({
        metadata: { total_api_requests: 1 },
      });
      expect(await look(bench, `/global/spend/report?${days}&group_by=api_key&api_key=${named}`)).toMatchObject([
        { api_key: id },
      ]);
    }
    const other = await holder(bench);
    expect((await send(other, `/spend/logs?api_key=${door.key}`)).status).toBe(403);
  });

  it('never get a password back that they sent', async () => {
    const made = await manage(bench, '/user/new', { user_id: 'pass', password: 'hunter2', auto_create_key: false });
    expect(made).toMatchObject({ ignored_fields: ['password'] });
    await manage(bench, '/user/update', { user_id: 'pass', password: 'hunter3' });
    const seen = JSON.stringify([
      made,
      await userOf('pass'),
      await look(bench, '/user/list'),
      await look(bench, '/audit'),
    ]);
    expect(seen).not.toContain('hunter');
  });
});

describe('keys that point to a budget', () => {
  it('show it as litellm_budget_table, and when it starts anew', async () => {
    await manage(bench, '/budget/new', { budget_id: 'b-week', max_budget: 7, budget_duration: '7d', rpm_limit: 9 });
    const made = await manage(bench, '/key/generate', { budget_id: 'b-week' });
    const shown = {
      budget_id: 'b-week',
      litellm_budget_table: { budget_id: 'b-week', max_budget: 7, budget_duration: '7d', rpm_limit: 9 },
      budget_reset_at: expect.stringContaining('T00:00:00') as string,
    };
    expect(made).toMatchObject(shown);
    const id = String(made['token']);
    expect(await infoOf(id)).toMatchObject(shown);
    expect(await look(bench, `/key/list?return_full_object=true&key_hash=${id}`)).toMatchObject({ keys: [shown] });
    const own = await manage(bench, '/key/update', { key: id, budget_id: null });
    expect(own).toMatchObject({ budget_id: null, litellm_budget_table: null, budget_reset_at: null });
  });
});

describe('lists of models', () => {
  it('name the access groups of what a key may use, for those who ask', async () => {
    const listed = async (key: string, query: string): Promise<unknown> =>
      ((await look({ url: bench.url, key }, `/v1/models${query}`))['data'] as Json[]).map(({ id }) => id);
    const asked = '?include_model_access_groups=true';
    const all = await listed(bench.key, asked);
    expect(all).toEqual(expect.arrayContaining(['all-small', 'cheap', 'dear', 'large', 'small']));
    expect(all).toEqual([...(all as string[])].sort());
    expect(await listed(bench.key, '?include_model_access_groups=False')).not.toContain('dear');
    expect(await listed((await holder(bench, { models: ['cheap'] })).key, asked)).toEqual(['cheap', 'small']);
    expect(await listed((await holder(bench, { models: ['large'] })).key, asked)).toEqual(['large']);
  });
});
