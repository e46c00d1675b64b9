import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, look, manage } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const ask = (door: { readonly url: string; readonly key: string }) => post(door, '/v1/chat/completions', chatBody());

/** Asks until its budget is spent. @returns how many calls were let in. */
async function exhaust(door: { readonly url: string; readonly key: string }): Promise<number> {
  for (let calls = 0; calls < 60; calls += 1) if ((await ask(door)).status !== 200) return calls;
  throw new Error('nothing ends');
}

it('a key whose budget is spent makes no fresh one', async () => {
  const door = await holder(bench, { user_id: 'ann', max_budget: 0.01 });
  expect(await exhaust(door)).toBeGreaterThan(0);
  expect((await post(door, '/key/generate', {})).status).toBe(403);
  // Where the user has the budget all keys share it.
  await manage(bench, '/user/new', { user_id: 'bea', max_budget: 0.01, auto_create_key: false });
  const first = await holder(bench, { user_id: 'bea', max_budget: 0.01 });
  const calls = await exhaust(first);
  expect(calls).toBeGreaterThan(0);
  expect(await exhaust(await holder(first, {}))).toBeLessThan(calls);
  const { user_info } = await look(bench, '/user/info?user_id=bea');
  // What a call costs is known at its end: the last one that had room may have cost more than was thought.
  expect((user_info as { readonly spend: number }).spend).toBeLessThan(0.013);
});

it.each(['a/b', '50%', '%2F', 'x|y/%25'])('ids of users and teams may be %p', async (id) => {
  await manage(bench, '/team/new', { team_id: `t${id}`, team_member_budget: 0.01 });
  await manage(bench, '/team/member_add', { team_id: `t${id}`, member: { user_id: id } });
  const door = await holder(bench, { team_id: `t${id}`, user_id: id });
  expect(await exhaust(door)).toBeGreaterThan(0);
  const { team_memberships } = await look(bench, `/team/info?team_id=${encodeURIComponent(`t${id}`)}`);
  expect((team_memberships as { readonly spend: number }[])[0]?.spend).toBeGreaterThan(0);
  expect((await ask(door)).status).toBe(429);
  expect((await post(bench, '/spend/reconcile', {})).status).toBe(200);
});

it('viewers of the whole gateway see its accounts, and end no cooldown', async () => {
  const made = await manage(bench, '/user/new', { user_role: 'proxy_admin_viewer' });
  const viewer = { url: bench.url, key: String(made['key']) };
  expect((await send(viewer, '/account/list')).status).toBe(200);
  expect((await post(viewer, '/account/clear_cooldown', {})).status).toBe(403);
  expect((await send(await holder(bench, {}), '/account/list')).status).toBe(403);
});

it('who guesses keys by making them is told nothing any more after a while', async () => {
  const taken = await holder(bench, { key: 'sk-somebodys-own-key-0001' });
  const guesser = await holder(bench, { user_id: 'gus' });
  const guess = (key: string) => post(guesser, '/key/generate', { key });
  for (let at = 0; at <= 30; at += 1) expect((await guess(taken.key)).status).toBe(400);
  expect([(await guess(taken.key)).status, (await guess('sk-nobodys-key-at-all-0001')).status]).toEqual([429, 429]);
  // A key that the gateway makes, and the operator's own, are no guesses.
  expect((await post(guesser, '/key/generate', {})).status).toBe(200);
  expect((await post(bench, '/key/generate', { key: 'sk-the-operators-own-0001' })).status).toBe(200);
});
