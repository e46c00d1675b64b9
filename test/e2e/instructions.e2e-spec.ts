import { createHash } from 'node:crypto';
import { chatBody, post, send } from '../support/calls';
import { settingsOf, startBench, type TestBench, testKey } from '../support/gateway';
import { describeWithRedis, RedisServer } from '../support/redis-server';
import { type RunningGateway, startGateway } from '../../src/gateway';

/** A model that is in no catalog: its prompt is a file of the release host. */
const unlisted = 'gpt-5.3-codex-spark';
const fileText = 'You are a simulated coding agent, prompt file gpt_5_codex_prompt.md. Release rust-v0.169.0.';
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const config = `
model_list:
  - {model_name: listed, litellm_params: {model: codex-oauth/gpt-5.5}}
  - {model_name: unlisted, litellm_params: {model: codex-oauth/${unlisted}}}
  - {model_name: own-words, litellm_params: {model: codex-oauth/gpt-5.5, codex_mode: false}}
`;

/** Patience with Redis on a busy machine: a missed answer would rightly cost a second fetch. */
const times = { redisCommandMs: 5_000 };
let env: Record<string, string>;
let redis: RedisServer;
let bench: TestBench;

beforeAll(async () => {
  redis = await RedisServer.start();
  env = { ...redis.env, GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };
  bench = await startBench({ config, env, times });
});
afterAll(async () => {
  await bench.close();
  await redis.close();
});

/** What would go upstream. */
async function shown(model: string, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const answer = await post({ url: bench.url, key: testKey }, '/utils/transform_request', {
    call_type: 'completion',
    request_body: chatBody({ model, messages: [{ role: 'user', content: 'Hello?' }], ...more }),
  });
  expect(answer.status).toBe(200);
  return answer.json as Record<string, unknown>;
}

const system = { role: 'system', content: 'Talk like a pirate.' };
const user = { role: 'user', content: 'Hello?' };

describeWithRedis('the instructions of a request', () => {
  it('are those of the catalog, shown by their hash', async () => {
    const { raw_request_body: body, instructions_sha256: hash } = await shown('listed');
    const { instructions } = body as { instructions: string };
    expect(instructions.length).toBeGreaterThan(0);
    expect(hash).toBe(sha(instructions));
    expect(bench.simulator.counts.promptFetches).toBe(0);
  });

  it('are the caller’s own on a deployment that says so', async () => {
    const { raw_request_body: body, instructions_sha256: hash } = await shown('own-words', {
      messages: [system, user],
    });
    expect(body).toMatchObject({ instructions: 'Talk like a pirate.' });
    expect(hash).toBeNull();
  });

  it('come from the release host for a model whose catalog entry has none, once for two replicas', async () => {
    const settings = settingsOf(bench.simulator, bench.folder, {
      config,
      env,
      times,
    });
    const other: RunningGateway = await startGateway(settings);
    try {
      const asks = [bench.url, other.url].map((url) =>
        post({ url, key: testKey }, '/v1/chat/completions', chatBody({ model: 'unlisted', messages: [system, user] })),
      );
      await Promise.all(asks);
      const bodies = bench.simulator.seen
        .filter(({ path }) => path.endsWith('/responses'))
        .map(({ body }) => body as Record<string, unknown>);
      expect(bodies.map(({ model, instructions }) => [model, instructions])).toEqual([
        [unlisted, fileText],
        [unlisted, fileText],
      ]);
      expect(JSON.stringify(bodies[0]?.['input'])).toContain('Talk like a pirate.');
      expect(bench.simulator.counts.promptFetches).toBe(1);
    } finally {
      await other.stop();
    }
  });

  it('are told by the metrics, by hash and never by text', async () => {
    await shown('unlisted');
    const { text } = await send({ url: bench.url, key: testKey }, '/metrics');
    expect(text).toMatch(
      new RegExp(`codex_instructions_total\\{source="(release|cache)",sha256="${sha(fileText).slice(0, 16)}"\\} [1-9]`),
    );
    expect(text).not.toContain('simulated coding agent');
  });

  it('stay what they are when Redis goes away', async () => {
    await redis.kill();
    expect((await shown('unlisted'))['raw_request_body']).toMatchObject({ instructions: fileText });
  });
});
