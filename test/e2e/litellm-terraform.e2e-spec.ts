import { chatBody, post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage, rowsOf } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const infoOf = async (key: string): Promise<Json> => (await look(bench, `/key/info?key=${key}`))['info'] as Json;
const userOf = async (id: string): Promise<Json> =>
  (await look(bench, `/user/info?user_id=${id}`))['user_info'] as Json;

describe('scripts and Terraform that were written for LiteLLM', () => {
  it('count budgets by the words that LiteLLM has for durations', async () => {
    const team = await manage(bench, '/team/new', { team_id: 'monthly', max_budget: 1000, budget_duration: 'monthly' });
    const plain = await manage(bench, '/team/new', { team_id: 'days', max_budget: 1000, budget_duration: '30d' });
    expect(team).toMatchObject({ budget_duration: 'monthly', budget_reset_at: plain['budget_reset_at'] });
    const door = await holder(bench, {
      team_id: 'monthly',
      duration: 'weekly',
      max_budget: 1,
      budget_duration: 'daily',
    });
    expect((await post(door, '/v1/chat/completions', chatBody())).status).toBe(200);
    const { spend, expires } = await infoOf(door.key);
    expect(spend).toBeGreaterThan(0);
    expect(Date.parse(expires as string) - Date.now()).toBeGreaterThan(6 * 86_400_000);
    const { team_info: shown } = await look(bench, '/team/info?team_id=monthly');
    expect(shown).toMatchObject({ spend, budget_duration: 'monthly' });
  });

  it('change users with all that they were made with', async () => {
    const user = {
      user_id: 'tf',
      user_email: 'tf@example.com',
      user_role: 'internal_user',
      max_budget: 5,
      auto_create_key: false,
    };
    await manage(bench, '/user/new', user);
    const changed = await manage(bench, '/user/update', { ...user, max_budget: 6 });
    expect(changed).toMatchObject({ max_budget: 6, ignored_fields: ['auto_create_key'] });
    expect(await userOf('tf')).toMatchObject({ max_budget: 6 });
    expect(await userOf('tf')).not.toHaveProperty('auto_create_key');
  });

  it('name a user by email in any spelling, which changes none', async () => {
    await manage(bench, '/user/new', { user_id: 'ann', user_email: 'Ann@Example.com', auto_create_key: false });
    expect(await manage(bench, '/user/update', { user_email: 'ann@example.com', rpm_limit: 5 })).toMatchObject({
      user_id: 'ann',
      user_email: 'Ann@Example.com',
      rpm_limit: 5,
    });
    expect(await manage(bench, '/user/update', { user_id: 'ann', user_email: 'ann@example.com' })).toMatchObject({
      user_email: 'ann@example.com',
    });
  });

  it('see what a member is held to by the team, and when members and customers start anew', async () => {
    const defaults = { team_member_budget: 50, team_member_budget_duration: '1d', team_member_rpm_limit: 7 };
    const entries = [
      { user_id: 'plain', role: 'user' },
      { user_id: 'own', role: 'user' },
    ];
    const made = await manage(bench, '/team/new', { team_id: 'held', members_with_roles: entries, ...defaults });
    await manage(bench, '/team/member_update', {
      team_id: 'held',
      user_id: 'own',
      max_budget_in_team: 3,
      budget_duration: '30d',
    });
    const { team_memberships: members } = await look(bench, '/team/info?team_id=held');
    const midnight = expect.stringMatching(/T00:00:00/) as string;
    expect(made['team_member_budget']).toBe(50);
    expect(members).toMatchObject([
      { user_id: 'plain', budget_id: null, litellm_budget_table: { budget_id: 'held/plain', max_budget: 50, budget_duration: '1d', rpm_limit: 7, budget_reset_at: midnight } },
      { user_id: 'own', litellm_budget_table: { max_budget: 3, budget_duration: '30d', rpm_limit: 7, budget_reset_at: expect.stringMatching(/-01T00/) as string } },
    ]); // prettier-ignore
    const customer = await manage(bench, '/customer/new', { user_id: 'daily', max_budget: 3, budget_duration: '1d' });
    expect(customer).toMatchObject({ litellm_budget_table: { max_budget: 3, budget_reset_at: midnight } });
  });

  it('find the row of a chat by the id of its answer', async () => {
    const door = await holder(bench);
    const { id } = (await post(door, '/v1/chat/completions', chatBody())).json as { id: string };
    const [row] = await rowsOf(bench, door, 1);
    expect(await look(bench, `/spend/logs?request_id=${id}`)).toEqual([row]);
    const dates = 'start_date=2026-01-01%2000:00:00&end_date=2100-01-01%2000:00:00';
    expect(await look(bench, `/spend/logs/v2?${dates}&request_id=${id}`)).toMatchObject({ total: 1, data: [row] });
    const stream = (await post(door, '/v1/chat/completions', chatBody({ stream: true }))).text;
    const streamed = /"id":"(chatcmpl-[^"]+)"/.exec(stream)?.[1] ?? '';
    const [second] = await rowsOf(bench, door, 2);
    expect(await look(bench, `/spend/logs?request_id=${streamed}`)).toEqual([second]);
  });
});
