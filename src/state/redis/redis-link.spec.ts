import { once } from 'node:events';
import { createServer } from 'node:net';
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

/** Asks until Redis answers again. */
async function answering(link: RedisLink): Promise<void> {
  for (;;) {
    const up = await link.run((redis) => redis.ping()).catch(() => undefined);
    if (up === 'PONG') return;
    await new Promise(setImmediate);
  }
}

/** As a long computation, or a processor that others have. */
function busy(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

const troubleOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof StateUnavailable ? error.trouble : error),
  );

describeWithRedis('RedisLink', () => {
  it('keeps installations apart by their prefix', async () => {
    const [here, there] = [await opened(), await opened()];
    await here.run((redis) => redis.set(here.key('name'), 'x'));
    expect(await here.run((redis) => redis.get(here.key('name')))).toBe('x');
    expect(await there.run((redis) => redis.get(there.key('name')))).toBeNull();
  });

  it('runs scripts by digest, also on a server that forgot them', async () => {
    const link = await opened();
    const add = link.script('add', "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1);
    expect(await add(['counter'], [2])).toBe(2);
    await link.run((redis) => redis.script('FLUSH'));
    expect(await add(['counter'], [3])).toBe(5);
    expect(await link.run((redis) => redis.get(link.key('counter')))).toBe('5');
    expect(() => add([], [3])).toThrow(TypeError);
  });

  it('tells a refused command apart from an outage, and quotes nothing of it', async () => {
    const link = await opened();
    await link.run((redis) => redis.set(link.key('text'), 'secret-value'));
    for (let time = 0; time < 6; time += 1) {
      const refused = link.run((redis) => redis.lpush(link.key('text'), 'secret-value'));
      await expect(refused).rejects.toMatchObject({ trouble: 'reply', replyCode: 'WRONGTYPE', mayHaveHappened: false });
      await refused.catch((error: unknown) => {
        expect(JSON.stringify(error) + String(error) + String((error as Error).cause)).not.toContain('secret-value');
      });
    }
    expect(link.isUp).toBe(true);
  });

  it('lets bugs of the caller through as they are', async () => {
    const link = await opened();
    await expect(link.run(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow(TypeError);
  });

  it('reads the time of the server, whatever the local clock says or does', async () => {
    let skewMs = -300_000;
    const skewed = { nowMs: () => clock.nowMs() + skewMs, monotonicMs: () => clock.monotonicMs() };
    const link = new RedisLink(server.settings(), limits, skewed);
    links.push(link);
    expect(Math.abs(link.nowMs() - clock.nowMs())).toBeGreaterThan(200_000);
    await link.open();
    expect(Math.abs(link.nowMs() - clock.nowMs())).toBeLessThan(2_000);
    skewMs = 300_000;
    expect(Math.abs(link.nowMs() - clock.nowMs())).toBeLessThan(2_000);
  });

  it('carries messages to every replica, with a sign where some may be missing', async () => {
    const settings = server.settings();
    const [one, other] = [await opened(settings), await opened(settings)];
    const heard: string[] = [];
    await new Promise<void>((resolve) => one.subscribe('news', (message) => heard.push(message), resolve));
    await other.publish('news', 'first');
    const told = new Promise<void>((resolve) => {
      const stop = one.subscribe('news', (message) => {
        if (message === 'second') resolve();
        if (message === 'second') stop();
      });
    });
    await other.publish('news', 'second');
    await told;
    expect(heard).toEqual(['first', 'second']);
  });

  it('connects with user, password and database', async () => {
    const closed = await ownServer(
      ...['--user', 'gate', 'on', '>s3cret', '~*', '&*', '+@all', '--user', 'default', 'off'],
    );
    const settings = closed.settings({ username: 'gate', password: 's3cret', db: 3 });
    const link = await opened(settings);
    await link.run((redis) => redis.set(link.key('a'), '1'));
    expect(await link.run((redis) => redis.info('keyspace'))).toMatch(/db3:keys=1/);
    const stranger = await opened({ ...settings, password: 'wrong-password' });
    const refused = stranger.run((redis) => redis.ping());
    await expect(refused).rejects.toBeInstanceOf(StateUnavailable);
    await expect(refused).rejects.not.toThrow(/wrong-password|127\.0\.0\.1/);
  });

  it('warns of a server that forgets, and not of one that keeps', async () => {
    const forgetful = await (await opened()).health();
    expect(forgetful).toMatchObject({ isPersistent: false, evictionPolicy: 'noeviction' });
    expect(forgetful.warnings.join()).toMatch(/appendonly/);
    const evicting = await ownServer('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'yes');
    const health = await (await opened(evicting.settings())).health();
    expect(health).toMatchObject({ isPersistent: true, evictionPolicy: 'allkeys-lru' });
    expect(health.warnings).toEqual([expect.stringContaining('noeviction')]);
  });
});

describeWithRedis('RedisLink without an answer', () => {
  it('opens without a server, says so at once, and finds it when it comes', async () => {
    const late = await ownServer();
    await late.kill();
    const link = new RedisLink(late.settings(), limits, clock);
    links.push(link);
    expect(await link.open()).toBe(false);
    const refused = link.run((redis) => redis.ping());
    await expect(refused).rejects.toMatchObject({ trouble: 'offline', mayHaveHappened: false, status: 503 });
    await late.resume();
    await answering(link);
    expect(link.isUp).toBe(true);
  });

  it('never waits longer than the command limit on a frozen server, then spares it, then finds it again', async () => {
    const frozen = await ownServer();
    const link = await opened(frozen.settings());
    frozen.freeze();
    const startedMs = clock.monotonicMs();
    const write = link.run((redis) => redis.set(link.key('a'), '1'));
    await expect(write).rejects.toMatchObject({ trouble: 'timeout', mayHaveHappened: true });
    expect(clock.monotonicMs() - startedMs).toBeLessThan(1_000);
    await Promise.all(Array.from({ length: 4 }, () => troubleOf(link.run((redis) => redis.ping()))));
    expect(link.isUp).toBe(false);
    const spared = await Promise.all(Array.from({ length: 50 }, () => troubleOf(link.run((redis) => redis.ping()))));
    expect(spared.filter((trouble) => trouble === 'breaker').length).toBeGreaterThanOrEqual(49);
    frozen.thaw();
    await answering(link);
  });

  it('does not take a moment of its own for an outage', async () => {
    const link = await opened();
    const changes: boolean[] = [];
    link.onChange((isUp) => changes.push(isUp));
    const asked = Array.from({ length: 20 }, () => link.run((redis) => redis.ping()));
    busy(2 * limits.redisCommandMs);
    expect(await Promise.all(asked)).toEqual(asked.map(() => 'PONG'));
    expect(changes).toEqual([]);
  });

  it('never sends a command twice by itself when the connection breaks', async () => {
    const broken = await ownServer();
    const link = await opened(broken.settings());
    broken.freeze();
    const lost = link.run((redis) => redis.incr(link.key('n')));
    await broken.kill();
    expect(['connection', 'timeout']).toContain(await troubleOf(lost));
    await broken.resume();
    await answering(link);
    expect(await link.run((redis) => redis.get(link.key('n')))).toBeNull();
  });

  it('hears messages again after an outage, and learns of the gap', async () => {
    const shaky = await ownServer();
    const link = await opened(shaky.settings());
    let gaps = 0;
    let onGap: () => void = () => undefined;
    const nextGap = (): Promise<void> => new Promise((resolve) => (onGap = resolve));
    const first = nextGap();
    let onMessage: (message: string) => void = () => undefined;
    link.subscribe(
      'c',
      (message) => {
        onMessage(message);
      },
      () => {
        gaps += 1;
        onGap();
      },
    );
    await first;
    const second = nextGap();
    await shaky.kill();
    await shaky.resume();
    await second;
    await answering(link);
    const heard = new Promise((resolve) => (onMessage = resolve));
    await link.publish('c', 'after');
    expect(await heard).toBe('after');
    expect(gaps).toBe(2);
  });

  it('lives on when it may not listen any more', async () => {
    const strict = await ownServer();
    const link = await opened(strict.settings());
    await new Promise<void>((resolve) => {
      link.subscribe('c', () => undefined, resolve);
    });
    await strict.operate((redis) => redis.call('ACL', 'SETUSER', 'default', 'resetchannels'));
    await strict.operate((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await link.run((redis) => redis.ping())).toBe('PONG');
  });

  it('is not held up by a place that takes connections and says nothing', async () => {
    const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const link = new RedisLink(
      server.settings({ place: { kind: 'server', node: { host: '127.0.0.1', port } } }),
      { connectMs: 200, redisCommandMs: 50 },
      clock,
    );
    expect(await link.open()).toBe(false);
    expect(await troubleOf(link.run((redis) => redis.ping()))).toBe('offline');
    await link.close();
    silent.close();
  });
});
