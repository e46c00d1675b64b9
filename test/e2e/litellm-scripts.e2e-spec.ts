import { chatBody, post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage, refusalIn } from '../support/holders';

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
