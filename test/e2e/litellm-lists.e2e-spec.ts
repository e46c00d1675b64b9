import { chatBody, post, send } from '../support/calls';
import { eventually } from '../support/eventually';
import { startBench, type TestBench } from '../support/gateway';
import { type Json, look, manage, refusalIn } from '../support/holders';

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

describe('lists with the filters of LiteLLM’s dashboard', () => {
  const idsIn = (answer: Json, list: string, id: string): unknown[] => (answer[list] as Json[]).map((each) => each[id]);
  const users = async (query: string): Promise<unknown[]> =>
    idsIn(await look(bench, `/user/list?${query}`), 'users', 'user_id');
  const teams = async (query: string): Promise<unknown[]> =>
    idsIn(await look(bench, `/v2/team/list?${query}`), 'teams', 'team_id');
  const keys = async (query: string): Promise<unknown[]> =>
    idsIn(await look(bench, `/key/list?return_full_object=true&${query}`), 'keys', 'key_alias');

  beforeAll(async () => {
    const quiet = { auto_create_key: false };
    await manage(bench, '/user/new', {
      user_id: 'f-ann',
      user_email: 'Ann@One.example',
      user_role: 'proxy_admin',
      ...quiet,
    });
    await manage(bench, '/user/new', { user_id: 'f-bob', user_email: 'bob@one.example', ...quiet });
    await manage(bench, '/user/new', { user_id: 'f-cy', user_email: 'cy@two.example', ...quiet });
    await manage(bench, '/team/new', {
      team_id: 'f-red',
      team_alias: 'Red Pandas',
      members_with_roles: [{ role: 'user', user_id: 'f-bob' }],
    });
    await manage(bench, '/team/new', { team_id: 'f-blue', team_alias: 'Blue Whales' });
    await manage(bench, '/key/generate', { key_alias: 'f-Live-1', user_id: 'f-bob', duration: '1d' });
    await manage(bench, '/key/generate', { key_alias: 'f-off-1', user_id: 'f-bob', blocked: true });
    await manage(bench, '/key/generate', { key_alias: 'f-over-1', user_id: 'f-bob', duration: '1s', project_id: 'p1' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
  });

  it('find users by a part of their email or id', async () => {
    expect(await users('user_email=one.EXAMPLE')).toEqual(['f-bob', 'f-ann']);
    expect(await users('user_email=one.example&role=proxy_admin')).toEqual(['f-ann']);
    expect(await users('search=F-C')).toEqual(['f-cy']);
    expect(await users('user_ids=f-ann,f-bob,f-cy&role=internal_user&page=2&page_size=1')).toEqual(['f-cy']);
    expect(await look(bench, '/user/list?user_email=nobody')).toMatchObject({ users: [], total: 0, total_pages: 0 });
    expect(await users('organization_ids=acme')).toEqual([]);
  });

  it('sort users and teams, and hear what they cannot be sorted by', async () => {
    const all = await users('page_size=100');
    expect(await users('sort_by=user_email&sort_order=desc&search=f-')).toEqual(['f-cy', 'f-bob', 'f-ann']);
    expect(await users('user_ids=f-cy,f-ann,f-cy,f-bob&sort_by=user_id')).toEqual(['f-ann', 'f-bob', 'f-cy']);
    expect(await users('sort_by=created_at&sort_order=asc&page_size=100')).toEqual([...all].reverse());
    const unseen = Array.from({ length: 600 }, (_, at) => `x${at}`).join(',');
    expect(await users(`user_ids=${unseen},f-ann`)).toEqual(['f-ann']);
    expect(await teams('sort_by=team_alias')).toEqual(['f-blue', 'f-red']);
    expect(await teams('sort_by=team_alias&sort_order=desc&page_size=1&page=2')).toEqual(['f-blue']);
    for (const path of ['/user/list', '/v2/team/list'])
      expect(refusalIn(await send(bench, `${path}?sort_by=secret`))).toEqual([400, 'invalid_request_error', 'sort_by']);
  });

  it('hold a key of nobody to the filters too', async () => {
    const { key, token } = await manage(bench, '/key/service-account/generate', { team_id: 'f-red' });
    const listed = async (query: string): Promise<unknown> =>
      (await look({ url: bench.url, key: String(key) }, `/key/list?${query}`))['keys'];
    expect(await listed('')).toEqual([token]);
    expect(await listed('team_id=f-red')).toEqual([token]);
    expect(await listed('team_id=f-blue')).toEqual([]);
    expect(await listed('user_id=f-bob')).toEqual([]);
  });

  it('find teams by a part of their alias, and none in an organisation', async () => {
    expect(await teams('team_alias=panda')).toEqual(['f-red']);
    expect(await teams('search=f-blue')).toEqual(['f-blue']);
    expect(await teams('search=whale&user_id=f-bob')).toEqual([]);
    expect(await teams('team_id=f-red&team_alias=blue')).toEqual([]);
    expect(await teams('team_id=nowhere')).toEqual([]);
    expect(await teams('organization_id=acme')).toEqual([]);
    expect(await look(bench, '/team/list?organization_id=acme')).toEqual([]);
    expect(await look(bench, '/team/list?organization_id=default_organization')).toHaveLength(2);
  });

  it('find keys by a part of their alias and by what has become of them', async () => {
    expect(await keys('key_alias=f-')).toEqual([]);
    expect(await keys('key_alias=LIVE&substring_matching=true')).toEqual(['f-Live-1']);
    expect(await keys('search=f-o')).toEqual(['f-over-1', 'f-off-1']);
    expect(await keys('user_id=f-bob&status=active')).toEqual(['f-Live-1']);
    expect(await keys('user_id=f-bob&status=revoked')).toEqual(['f-off-1']);
    expect(await keys('user_id=f-bob&status=expired')).toEqual(['f-over-1']);
    expect(await keys('user_id=f-bob&expires=active')).toEqual(['f-off-1', 'f-Live-1']);
    expect(await keys('project_id=p1')).toEqual(['f-over-1']);
    expect(await keys('agent_id=none')).toEqual([]);
    expect(await keys('user_id=f-bob&status=active&sort_by=key_alias&sort_order=asc&size=1&page=2')).toEqual([]);
    expect(refusalIn(await send(bench, '/key/list?status=deleted'))).toEqual([400, 'invalid_request_error', 'status']);
  });

  it('sort keys, users and teams by what they spent', async () => {
    const spenders = { 'f-low': 0, 'f-most': 2, 'f-some': 1 };
    for (const [id, calls] of Object.entries(spenders)) {
      await manage(bench, '/team/new', { team_id: id, members_with_roles: [] });
      await manage(bench, '/user/new', { user_id: id, auto_create_key: false });
      const { key } = await manage(bench, '/key/generate', { key_alias: id, user_id: id, team_id: id });
      for (let at = 0; at < calls; at += 1)
        expect((await post({ ...bench, key: String(key) }, '/v1/chat/completions', chatBody())).status).toBe(200);
    }
    const falling = ['f-most', 'f-some', 'f-low'];
    await eventually('all is told', async () => {
      const { 'f-most': most = 0, 'f-some': some = 0 } = await dollars();
      return most > some && some > 0;
    });
    expect(await users(`user_ids=${falling.join(',')}&sort_by=spend&sort_order=desc`)).toEqual(falling);
    expect((await teams('sort_by=spend&sort_order=desc')).slice(0, 2)).toEqual(['f-most', 'f-some']);
    expect(await keys('sort_by=spend&size=2')).toEqual(['f-most', 'f-some']);
    expect((await keys('sort_by=spend&sort_order=asc&size=100')).slice(-2)).toEqual(['f-some', 'f-most']);
    expect(await keys('sort_by=created_at&size=2')).toEqual(['f-some', 'f-most']);

    async function dollars(): Promise<Record<string, number>> {
      const listed = (await look(bench, '/key/list?return_full_object=true&size=100'))['keys'] as Json[];
      return Object.fromEntries(listed.map((each) => [String(each['key_alias']), Number(each['spend'])]));
    }
  });
});
