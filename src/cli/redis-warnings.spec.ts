import { startBench } from '../../test/support/gateway';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { RedisLink } from '../state/redis/redis-link';
import { redisWarnings } from './redis-warnings';

describeWithRedis('what a gateway says of its Redis at start', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());

  it('is that nothing outlives a restart of it, and, when it is away, that nothing is renewed', async () => {
    const env = { REDIS_URL: server.url, GATEWAY_SALT_KEY: 'a-salt-key-of-the-suite' };
    const bench = await startBench({ env, times: { redisCommandMs: 5_000 } });
    try {
      const link = bench.gateway.app.get(RedisLink);
      expect(await redisWarnings(link)).toContainEqual(expect.stringContaining('neither AOF nor RDB is on'));
      await server.kill();
      expect(await redisWarnings(link)).toEqual([
        expect.stringMatching(/(gives no answer|\(ECONN\w+\)).*none is renewed/),
      ]);
    } finally {
      await bench.close();
    }
  });
});

it('a gateway without Redis says nothing of it', async () => {
  const bench = await startBench();
  try {
    const link = bench.gateway.app.get<RedisLink | undefined>(RedisLink);
    expect([link, await redisWarnings(link)]).toEqual([undefined, []]);
  } finally {
    await bench.close();
  }
});
