import { toolCall } from '../simulator/answers';
import { faults, usageLimit } from '../simulator/faults';
import { type SeenRequest } from '../simulator/journal';
import { AccountsBench, teamConfig } from '../support/accounts';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { describeWithRedis, RedisServer } from '../support/redis-server';
import { firstAndSecond } from '../support/ruled-world';

/** Far longer than any call here takes: who waited for Redis would be seen to. */
const redisCommandMs = 20_000;
const other = '  - { model_name: other, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: second } }\n';
const rules = `router_settings:
  routing_strategy: simple-shuffle
  queue_timeout: 0
  quota_poll_seconds: 0
  num_retries: 2
  retry_budget: { percent: 100, minimum: 10000 }
  fallbacks: [{"alone": ["other"]}]
`;
const alone =
  '  - { model_name: alone, litellm_params: { model: codex/gpt-5.5, litellm_credential_name: first }, model_info: { id: lonely } }\n';

describeWithRedis('the shared state, once a call has been let in', () => {
  let redis: RedisServer;
  let world: AccountsBench;

  beforeAll(async () => {
    redis = await RedisServer.start();
    world = await AccountsBench.start(firstAndSecond, {
      config: `${teamConfig(firstAndSecond)}${other}${alone}${rules}`,
      env: { ...redis.env, GATEWAY_SALT_KEY: 'salt-key-of-thirty-two-characters!' },
      times: { redisCommandMs, retryBackoffMs: 5, firstEventMs: 10_000 },
    });
    for (const model of ['team', 'other', 'alone']) await post(world.bench, '/v1/responses', { model, input: 'Hi' });
  });
  afterEach(async () => {
    redis.thaw();
    await world.rested();
  });
  afterAll(async () => {
    redis.thaw();
    await world.close();
    await redis.close();
  });

  /** From its first upstream call on Redis answers nobody. */
  function frozenFromFirstCall(account: string, reply: Parameters<AccountsBench['answers']>[1]): void {
    const isOf = world.isOf(account);
    world.simulator.script.when((seen: SeenRequest) => {
      if (!isOf(seen)) return false;
      redis.freeze();
      return true;
    }, reply);
  }

  async function timed(
    path: string,
    body: Record<string, unknown>,
  ): Promise<{ answer: ReadAnswer; ms: number; to: readonly string[] }> {
    const before = world.simulator.seen.length;
    const startedMs = performance.now();
    const answer = await post(world.bench, path, body);
    return { answer, ms: performance.now() - startedMs, to: world.askedSince(before) };
  }

  const chatStream = chatBody({ stream: true });
  const responsesStream = { input: 'Hi', stream: true };
  const whole = /data: \[DONE\]|response\.completed/;

  it.each([
    ['a stream', '/v1/chat/completions', { ...chatStream, model: 'team' }, toolCall('look', { at: 'it' }), ['first']],
    [
      'a conversation',
      '/v1/responses',
      { ...responsesStream, model: 'team', prompt_cache_key: 'talk' },
      toolCall('look', {}),
      ['first'],
    ],
    [
      'another deployment after a failure',
      '/v1/chat/completions',
      { ...chatStream, model: 'team' },
      faults.server500,
      ['first', 'second'],
    ],
    [
      'another account when the first one is used up',
      '/v1/responses',
      { ...responsesStream, model: 'team' },
      usageLimit(7_200),
      ['first', 'second'],
    ],
    [
      'a group that stands in',
      '/v1/responses',
      { ...responsesStream, model: 'alone' },
      usageLimit(7_200),
      ['first', 'second'],
    ],
    [
      'a group that stands in and is asked something else',
      '/v1/responses',
      { ...responsesStream, model: 'alone', fallbacks: [{ model: 'other', input: 'Else', prompt_cache_key: 'else' }] },
      usageLimit(7_200),
      ['first', 'second'],
    ],
  ])('is not waited for by %s', async (...[, path, body, reply, expected]) => {
    frozenFromFirstCall('first', reply);
    const { answer, ms, to } = await timed(path, body);
    expect([answer.status, to]).toEqual([200, expected]);
    expect(answer.text).toMatch(whole);
    expect(ms).toBeLessThan(redisCommandMs / 4);
  });

  it('is asked in one step before the upstream is, and told in one after it, however much was tried', async () => {
    const calls = 20;
    world.answers('first', faults.server500);
    await post(world.bench, '/account/clear_cooldown', {});
    const counts = await sentWhile(redis, async () => {
      for (let call = 0; call < calls; call += 1) {
        const { answer, to } = await timed('/v1/responses', { model: 'team', input: 'Hi' });
        expect([answer.status, to]).toEqual([200, ['first', 'second']]);
        await post(world.bench, '/account/clear_cooldown', {});
      }
    });
    const scripts = counts.get('evalsha') ?? 0;
    // Admission and settlement; what else is written (notes of deployments, notices of the board) no call waits for.
    expect(scripts).toBeGreaterThanOrEqual(2 * calls);
    // Two attempts are noted, too; a few more come from the upkeep of the books.
    expect(scripts).toBeLessThanOrEqual(4 * calls + 10);
    expect((counts.get('get') ?? 0) + (counts.get('mget') ?? 0)).toBeLessThanOrEqual(2);
  });
});

/** Commands that clients sent meanwhile, by name; those inside of scripts do not count. */
async function sentWhile(redis: RedisServer, work: () => Promise<void>): Promise<ReadonlyMap<string, number>> {
  return redis.operate(async (operator) => {
    const counts = new Map<string, number>();
    const monitor = await operator.monitor();
    monitor.on('monitor', (_time: string, [name = '']: readonly string[], source: string) => {
      const command = name.toLowerCase();
      if (source !== 'lua') counts.set(command, (counts.get(command) ?? 0) + 1);
    });
    await work();
    const heard = new Promise<void>((resolve) => {
      monitor.on('monitor', (_time: string, [name]: readonly string[]) => {
        if (name?.toLowerCase() === 'echo') resolve();
      });
    });
    await operator.echo('over');
    await heard;
    monitor.disconnect();
    return counts;
  });
}
