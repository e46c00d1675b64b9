import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WriterLock } from '../../src/state/journal/writer-lock';
import { chatBody, post } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { type Json, look, manage } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const ask = (door: { readonly url: string; readonly key: string }) => post(door, '/v1/chat/completions', chatBody());

describe('the audit log', () => {
  it('has every change before it happens, who made it and from where, and no secret', async () => {
    const own = await startBench();
    const made = await manage(own, '/key/generate', {
      key_alias: 'watched',
      metadata: { api_key: 'sk-planted-canary-0001', note: 'sk-planted-canary-0002' },
    });
    await manage(own, '/key/update', { key: made['key'], max_budget: 1 });
    await post(own, '/key/generate', { key_alias: 'watched' });
    const admin = {
      url: own.url,
      key: String((await manage(own, '/user/new', { user_id: 'root', user_role: 'proxy_admin' }))['key']),
    };
    await manage(admin, '/key/delete', { key_aliases: ['watched'] });
    const { records } = (await look(own, '/audit')) as { records: Json[] };
    expect(records.map(({ action, outcome }) => `${String(action)} ${String(outcome)}`)).toEqual([
      'key.delete begun',
      'user.create begun',
      'key.create failed',
      'key.create begun',
      'key.update begun',
      'key.create begun',
    ]);
    expect(records[0]).toMatchObject({
      actor: expect.stringMatching(/^key:[0-9a-f]{64}$/) as string,
      actor_user_id: 'root',
      client_ip: '127.0.0.1',
      objects: [`key:${String(made['token'])}`],
    });
    expect(records[2]).toMatchObject({ of: records[3]?.['id'], reason: 'already_exists' });
    expect(records[4]).toMatchObject({ actor: 'master', after: { max_budget: 1 } });
    // Only what changed.
    expect(Object.keys({ ...(records[4]?.['before'] as Json), ...(records[4]?.['after'] as Json) })).not.toContain(
      'key_alias',
    );
    expect(JSON.stringify(records)).not.toMatch(/planted-canary|sk-[\w-]{43}/);
    expect(
      ((await look(own, `/audit?object=key:${String(made['token'])}&action=key.update`))['records'] as Json[]).length,
    ).toBe(1);
    expect(await look(own, '/audit?page=2&page_size=4')).toMatchObject({
      page: 2,
      page_size: 4,
      has_more: false,
      kept: 6,
    });
    await own.close();
  });

  it('refuses the change when it cannot be written down', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'audit-taken-'));
    const foreign = new WriterLock(join(folder, 'audit.lock'));
    expect(await foreign.take()).toBe(true);
    const own = await startBench({ env: { STATE_DIR: folder } });
    const door = { url: own.url, key: 'sk-a-value-of-its-own-0001' };
    expect((await post(own, '/key/generate', { key: door.key })).status).toBe(503);
    expect((await ask(door)).status).toBe(401);
    foreign.letGo();
    await manage(own, '/key/generate', { key: door.key });
    expect((await ask(door)).status).toBe(200);
    await own.close();
    rmSync(folder, { recursive: true });
  });
});
