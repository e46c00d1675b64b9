import { Redis } from 'ioredis';
import { expectSilence, ListenedGateway } from '../support/canary';
import { everythingGoesWrong, own } from '../support/canary-paths';
import { ProgramBench } from '../support/program';
import { describeWithRedis, RedisServer } from '../support/redis-server';

describeWithRedis('planted secrets and words in a shared state', () => {
  let redis: RedisServer;
  let bench: ProgramBench;
  let one: ListenedGateway;

  beforeAll(async () => {
    // A dump of values that are packed would hide what is in them.
    redis = await RedisServer.start('--rdbcompression', 'no');
    bench = await ProgramBench.start();
    one = await ListenedGateway.start(bench, 'redis', { LOG_LEVEL: 'debug', REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await bench.close();
    await one.close();
    await redis.close();
  });

  it('are in no value of Redis, whatever goes wrong', async () => {
    await everythingGoesWrong(bench, [one]);
    const client = new Redis(redis.url);
    const values: string[] = [];
    try {
      for (const name of await client.keys('*')) values.push(name, (await client.dumpBuffer(name)).toString('latin1'));
    } finally {
      client.disconnect();
    }
    expect(values.length).toBeGreaterThan(20);
    // What was planted to be found is found: nothing is packed.
    expect(values.join('\n')).toContain('canary');
    expectSilence(one, { redis: values.join('\n') }, own);
    expectSilence(one, await one.heard(), own);
  }, 180_000);
});
