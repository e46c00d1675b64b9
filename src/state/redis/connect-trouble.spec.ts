import { SystemClock } from '../../config/system-clock';
import { type RedisSettings } from '../../config/redis-settings';
import { defaultTimeLimits } from '../../config/time-limits';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { type StateUnavailable } from '../state-unavailable';
import { RedisLink } from './redis-link';

const links: RedisLink[] = [];
let own: RedisServer;

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
  await own.close();
});

function linkTo(settings: RedisSettings): RedisLink {
  const link = new RedisLink(settings, { ...defaultTimeLimits, redisCommandMs: 2_000 }, new SystemClock());
  links.push(link);
  return link;
}

describeWithRedis('RedisLink that is not let in', () => {
  it('uses no other database than the one it was given, and that one as soon as it may', async () => {
    own = await RedisServer.start('--user', 'gate', 'on', '>s3cret', '~*', '&*', '+@all', '-select');
    const link = linkTo(own.settings({ username: 'gate', password: 's3cret', db: 3 }));
    const up = new Promise<void>((resolve) =>
      link.onChange((isUp) => {
        if (isUp) resolve();
      }),
    );
    expect(await link.open()).toBe(false);
    const refused = { trouble: 'offline', replyCode: 'SELECT', mayHaveHappened: false };
    await expect(link.run((redis) => redis.set(link.key('a'), '1'))).rejects.toMatchObject(refused);
    expect(link.isUp).toBe(false);
    await own.operate((redis) => redis.call('ACL', 'SETUSER', 'gate', '+select'));
    await up;
    await link.run((redis) => redis.set(link.key('a'), '1'));
    expect(await own.operate((redis) => redis.info('keyspace'))).toMatch(/keyspace\s+db3:keys=1,[^]*$/i);
  });

  it('says in one word why', async () => {
    own = await RedisServer.start('--requirepass', 'right');
    const nowhere = { kind: 'server', node: { host: '127.0.0.1', port: 9 } } as const;
    const wordOf = async (changes: Partial<RedisSettings>): Promise<unknown> => {
      const link = linkTo(own.settings(changes));
      await link.open();
      return link.run((redis) => redis.ping()).catch((error: unknown) => (error as StateUnavailable).replyCode);
    };
    expect(await wordOf({ password: 'wrong' })).toBe('WRONGPASS');
    expect(await wordOf({ password: 'wrong', db: 3 })).toBe('WRONGPASS');
    expect(await wordOf({})).toBe('NOAUTH');
    expect(await wordOf({ password: 'right', db: 99 })).toBe('SELECT');
    expect(await wordOf({ place: nowhere })).toBe('ECONNREFUSED');
    expect(await wordOf({ password: 'right' })).toBe('PONG');
  });
});
