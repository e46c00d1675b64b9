import { defaultTimeLimits } from '../../config/time-limits';
import { SystemClock } from '../../config/system-clock';
import { type RedisSettings } from '../../config/redis-settings';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { StateUnavailable } from '../state-unavailable';
import { RedisLink } from './redis-link';

const limits = { ...defaultTimeLimits, redisCommandMs: 150 };
const clock = new SystemClock();
const links: RedisLink[] = [];
const servers: RedisServer[] = [];
let server: RedisServer;

beforeAll(async () => {
  server = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await Promise.all(servers.splice(0).map((own) => own.close()));
});
afterAll(() => server.close());

async function opened(settings: RedisSettings = server.settings(), time = clock): Promise<RedisLink> {
  const link = new RedisLink(settings, limits, time);
  links.push(link);
  await link.open();
  return link;
}

/** A Redis for one test, to be mistreated. */
async function ownServer(...options: readonly string[]): Promise<RedisServer> {
  const own = await RedisServer.start(...options);
  servers.push(own);
  return own;
}

const troubleOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof StateUnavailable ? error.trouble : error),
  );

/** How a server comes to refuse writes while it reads, and how it is mended. */
const refusals = [
  ['OOM', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
  ['NOREPLICAS', ['CONFIG', 'SET', 'min-replicas-to-write', '1'], ['CONFIG', 'SET', 'min-replicas-to-write', '0']],
  ['READONLY', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
] as const;

describeWithRedis('RedisLink to a server that refuses writes', () => {
  const call = (own: RedisServer, [name, ...words]: readonly [string, ...string[]]): Promise<unknown> =>
    own.operate((redis) => redis.call(name, ...words));
  const probesRefused = (own: RedisServer): Promise<number> =>
    own.operate(async (redis) =>
      Number(/cmdstat_set:.*rejected_calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]),
    );

  it.each(refusals)(
    'is down from the first %s on though reads go well, and up within two seconds',
    async (code, ill, well) => {
      const own = await ownServer();
      const link = await opened(own.settings());
      const changes: boolean[] = [];
      let onUp: () => void = () => undefined;
      const up = new Promise<void>((resolve) => (onUp = resolve));
      link.onChange((isUp) => {
        changes.push(isUp);
        if (isUp) onUp();
      });
      await call(own, ill);
      await expect(link.run((redis) => redis.set(link.key('a{b}'), '1'))).rejects.toMatchObject({ replyCode: code });
      expect([link.isUp, link.refusedBy, changes]).toEqual([false, code, [false]]);
      // Until the link has tried for itself three times, reads are answered without a pause, which proves nothing.
      while ((await probesRefused(own)) < 4) {
        for (let time = 0; time < 3; time += 1) await troubleOf(link.run((redis) => redis.get(link.key('a{b}'))));
        expect(link.isUp).toBe(false);
      }
      if (code !== 'READONLY') expect((await link.health()).refusedBy).toBe(code);
      await call(own, well);
      const mendedMs = clock.monotonicMs();
      await up;
      expect(clock.monotonicMs() - mendedMs).toBeLessThan(2_000);
      expect([link.refusedBy, changes]).toEqual([undefined, [false, true]]);
      expect(await own.operate((redis) => redis.keys('*write-probe*'))).toEqual([link.key('write-probe:{b}')]);
    },
  );

  it('goes on reading, and lets commands through that make room', async () => {
    const own = await ownServer();
    const link = await opened(own.settings());
    await link.run((redis) => redis.set(link.key('a'), '1'));
    await call(own, ['CONFIG', 'SET', 'maxmemory', '1']);
    for (let time = 0; time < 12; time += 1)
      expect(await troubleOf(link.run((redis) => redis.set(link.key('b'), '1')))).toBe('reply');
    expect(await link.run((redis) => redis.get(link.key('a')))).toBe('1');
    expect(await link.run((redis) => redis.del(link.key('a')))).toBe(1);
    expect(link.isUp).toBe(false);
  });

  it('trusts a server again whose user may write nothing but what is asked of it, once that is quiet', async () => {
    const own = await ownServer();
    const link = await opened(own.settings());
    await own.operate((redis) => redis.call('ACL', 'SETUSER', 'default', '-set'));
    await call(own, ['CONFIG', 'SET', 'min-replicas-to-write', '1']);
    const up = new Promise<void>((resolve) =>
      link.onChange((isUp) => {
        if (isUp) resolve();
      }),
    );
    expect(await troubleOf(link.run((redis) => redis.incr(link.key('n'))))).toBe('reply');
    expect(link.isUp).toBe(false);
    await call(own, ['CONFIG', 'SET', 'min-replicas-to-write', '0']);
    await up;
    expect(await link.run((redis) => redis.incr(link.key('n')))).toBe(1);
  });
});
