import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { type Door, holder, type Holder, look, manage, rowsOf } from '../support/holders';

const config = `
model_list:
  - model_name: gpt-5.5
    litellm_params: { model: codex-oauth/gpt-5.5 }
  - model_name: plans
    litellm_params: { model: codex-oauth/gpt-5.5, input_cost_per_token: 0.000123, output_cost_per_token: 0.001 }
    model_info: { team_id: others, team_public_model_name: secret }
`;
let bench: TestBench;
beforeAll(async () => {
  bench = await startBench({ config });
  await manage(bench, '/user/new', { user_id: 'ann', user_email: 'ann@works.example', auto_create_key: false });
  await manage(bench, '/user/new', { user_id: 'zoe', user_email: 'zoe@home.example', auto_create_key: false });
});
afterAll(() => bench.close());

const span = 'start_date=2026-01-01&end_date=2027-12-31';

async function call(door: Holder): Promise<void> {
  expect((await post(door, '/v1/chat/completions', chatBody())).status).toBe(200);
  await rowsOf(bench, door, 1);
}

describe('daily activity', () => {
  const activity = async (door: Door): Promise<string> =>
    JSON.stringify(await look(door, `/user/daily/activity/aggregated?${span}`));

  it('tells whoever made a key for a member of the team nothing of the member that /user/info does not', async () => {
    await manage(bench, '/team/new', { team_id: 'crew', members_with_roles: [{ user_id: 'ann', role: 'admin' }] });
    const admin = await holder(bench, { user_id: 'ann', team_id: 'crew' });
    await manage(admin, '/team/member_add', { team_id: 'crew', member: { user_id: 'zoe', role: 'user' } });
    const lent = await holder(admin, { user_id: 'zoe', team_id: 'crew' });
    await call(lent);
    const told = await activity(lent);
    expect(told).toContain(lent.id);
    expect(told).not.toContain('zoe@home.example');
    expect(await activity(bench)).toContain('zoe@home.example');
  });

  it('does not tell a person who has a key of his now, and how it is called there', async () => {
    const key = await holder(bench, { user_id: 'ann', key_alias: 'of-ann' });
    const other = await holder(bench, { user_id: 'ann' });
    await call(key);
    expect(await activity(other)).toMatch(/"of-ann".*"ann@works\.example"/);
    await manage(bench, '/key/update', { key: key.id, user_id: 'zoe', key_alias: 'the-plans-of-zoe' });
    const told = await activity(other);
    expect(told).toContain(key.id);
    expect(told).not.toContain('zoe');
    expect(await activity(await holder(bench, { user_id: 'zoe' }))).not.toContain('ann');
  });
});

describe('/key/info', () => {
  it('tells a key that is held to other routes of itself only', async () => {
    await manage(bench, '/user/new', { user_id: 'max', user_role: 'proxy_admin', auto_create_key: false });
    const held = await holder(bench, { user_id: 'max', allowed_routes: ['llm_api_routes'] });
    const other = await holder(bench, { user_id: 'ann', metadata: { note: 'of ann' } });
    const status = async (door: Door, named: string): Promise<number> =>
      (await send(door, `/key/info?key=${named}`)).status;
    for (const own of ['', held.id, held.key]) expect(await status(held, own)).toBe(200);
    for (const named of [other.id, other.key, 'f'.repeat(64)]) expect(await status(held, named)).toBe(403);
    const free = await holder(bench, { user_id: 'max', allowed_routes: ['/key/info'] });
    expect([await status(free, other.id), await status(free, 'f'.repeat(64))]).toEqual([200, 404]);
  });
});

it('/spend/calculate tells what deployments of a team cost to that team and to admins only', async () => {
  await manage(bench, '/team/new', { team_id: 'others' });
  const cost = async (door: Door, model: string): Promise<unknown> =>
    (await manage(door, '/spend/calculate', { model, messages: 'x'.repeat(3_998) }))['price_source'];
  const stranger = await holder(bench, {});
  expect([await cost(stranger, 'plans'), await cost(stranger, 'secret')]).toEqual(['dearest', 'dearest']);
  const member = await holder(bench, { team_id: 'others' });
  expect(await cost(bench, 'plans')).toBe('deployment');
  expect([await cost(member, 'plans'), await cost(member, 'secret')]).toEqual(['deployment', 'deployment']);
});
