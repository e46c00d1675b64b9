import { chatBody, post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const infoOf = async (key: string): Promise<Json> => (await look(bench, `/key/info?key=${key}`))['info'] as Json;

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
});
