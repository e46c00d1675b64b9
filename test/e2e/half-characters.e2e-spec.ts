import { failedEvent } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, manage, refusalIn, rowsOf, spentBy } from '../support/holders';
import { describeWithRedis, RedisServer } from '../support/redis-server';

const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }];
const native = { model: 'gpt-5.5', instructions: 'As it came.', store: false, stream: true, input };
/** A name that a program cut in the middle of an emoji, which is how they come about. */
const half = 'ann \ud83c';
const whole = 'ann \ufffd';

/** Where each of them may stand: all of it reaches the books. */
const places: readonly (readonly [string, string, Record<string, unknown>, Record<string, unknown>])[] = [
  ['user', '/v1/chat/completions', chatBody({ user: half }), { end_user: whole }],
  ['safety_identifier', '/v1/chat/completions', chatBody({ safety_identifier: half }), { end_user: whole }],
  ['a tag', '/v1/chat/completions', chatBody({ metadata: { tags: [half] } }), { request_tags: [whole] }],
  ['a session', '/v1/chat/completions', chatBody({ litellm_session_id: half }), { session_id: whole }],
  ['metadata', '/v1/chat/completions', chatBody({ metadata: { spend_logs_metadata: { [half]: half } } }), {}],
  ['the conversation’s key', '/backend-api/codex/responses', { ...native, prompt_cache_key: half }, {}],
]; // prettier-ignore

const kinds: readonly (readonly [string, typeof describe])[] = [
  ['the journal', describe],
  ['Redis', describeWithRedis],
];

for (const [kind, describeKind] of kinds) {
  describeKind(`half a character, with ${kind}`, () => {
    let server: RedisServer | undefined;
    let bench: TestBench;

    beforeAll(async () => {
      if (kind === 'Redis') server = await RedisServer.start();
      bench = await startBench(
        server === undefined ? {} : { env: { ...server.env, GATEWAY_SALT_KEY: 'a-salt-key-of-this-suite' } },
      );
    });
    afterAll(async () => {
      await bench.close();
      await server?.close();
    });

    it.each(places)('in %s costs what it costs, and is told as U+FFFD', async (_, path, body, told) => {
      const key = await holder(bench, { max_budget: 5, max_parallel_requests: 1 });
      for (const count of [1, 2]) {
        expect((await post(key, path, body)).status).toBe(200);
        const rows = await rowsOf(bench, key, count);
        expect(rows).toHaveLength(count);
        expect(rows[0]).toMatchObject(told);
        expect(rows[0]?.spend).toBeGreaterThan(0);
      }
      expect(await spentBy(bench, key)).toBeGreaterThan(0);
      const { mismatches } = await manage(bench, '/spend/reconcile', { repair: false });
      expect(mismatches).toEqual([]);
    });

    it('in what an upstream calls its failure does not lose the row', async () => {
      const key = await holder(bench);
      bench.simulator.script.next(failedEvent('code\ud83c', 'no'));
      expect((await post(key, '/v1/chat/completions', chatBody({ num_retries: 0 }))).status).toBeGreaterThan(400);
      expect(await rowsOf(bench, key, 1)).toMatchObject([{ status: 'failure' }]);
    });

    it.each([
      ['/key/generate', { key_alias: half }, 'key_alias'],
      ['/team/new', { team_alias: half }, 'team_alias'],
      ['/user/new', { user_id: half }, 'user_id'],
      ['/key/generate', { tags: [half] }, 'tags.0'],
    ])('at %s in %j is refused by name of the field', async (path, body, param) => {
      expect(refusalIn(await post(bench, path, body))).toEqual([400, 'invalid_request_error', param]);
    });

    it('in a key’s own metadata is kept, and its calls are booked', async () => {
      const key = await holder(bench, { metadata: { note: half } });
      expect((await post(key, '/v1/chat/completions', chatBody())).status).toBe(200);
      expect(await rowsOf(bench, key, 1)).toHaveLength(1);
      expect((await send(bench, `/key/info?key=${key.key}`)).status).toBe(200);
    });
  });
}
