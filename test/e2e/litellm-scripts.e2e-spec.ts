import { chatBody, post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
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
