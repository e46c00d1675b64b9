import { describeWithOneNode, RedisServer } from '../../../test/support/redis-server';
import { SystemClock } from '../../config/system-clock';
import { RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';
import { MemoryWatch } from './memory-watch';

/** Of 10 000 bytes, so that a hundredth of a per cent is one. */
const most = 10_000;
const says = (used: number, maxmemory = most): string =>
  `# Memory\r\nused_memory:${used}\r\nused_memory_human:9K\r\ntotal_system_memory:${2 * most}\r\nmaxmemory:${maxmemory}\r\n`;

/** Looks once at each of the answers. @returns how many warnings there were after each look. */
async function warningsAfter(answers: readonly (string | Error)[]): Promise<readonly number[]> {
  const warnings: string[] = [];
  const left = [...answers];
  const run = (): Promise<never> => {
    const answer = left.shift();
    return (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)) as Promise<never>;
  };
  const watch = new MemoryWatch({ run }, (message) => warnings.push(message));
  const counts: number[] = [];
  while (left.length > 0) {
    await watch.look();
    counts.push(warnings.length);
  }
  return counts;
}

describe('the memory of Redis', () => {
  it('is warned about from 70 % on', async () => {
    expect(await warningsAfter([says(6_999), says(7_000)])).toEqual([0, 1]);
  });

  it('is warned about once while it stays full', async () => {
    expect(await warningsAfter([says(7_000), says(8_999), says(7_000)])).toEqual([1, 1, 1]);
  });

  it('is warned about again only when it had fallen below 65 %', async () => {
    expect(await warningsAfter([says(7_000), says(6_500), says(7_000), says(6_499), says(6_999), says(7_000)])).toEqual(
      [1, 1, 1, 1, 1, 2],
    );
  });

  it('is scarce from 90 % on, until it is below 85 %, and that is said once', async () => {
    const left = [8_999, 9_000, 8_500, 9_900, 8_499, 8_999, 9_000].map((used) => says(used));
    const warnings: string[] = [];
    const run = (): Promise<never> => Promise.resolve(left.shift()) as Promise<never>;
    const watch = new MemoryWatch({ run }, (message) => warnings.push(message));
    const looks: boolean[] = [];
    while (left.length > 0) looks.push(await watch.look());
    expect(looks).toEqual([false, true, true, true, false, false, true]);
    const early = warnings.filter((message) => message.includes('go to the archive'));
    expect(early).toEqual([expect.stringContaining('used 90 %'), expect.stringContaining('used 90 %')]);
  });

  it('is what the machine has where Redis has no bound of its own', async () => {
    expect(await warningsAfter([says(7_000, 0), says(13_999, 0), says(14_000, 0)])).toEqual([0, 0, 1]);
  });

  it('is not guessed: no answer, and an answer without figures, neither warn nor forget a warning', async () => {
    const away = new StateUnavailable('connection');
    expect(await warningsAfter([away, '', says(7_000), away, '', says(7_000)])).toEqual([0, 0, 1, 1, 1, 1]);
  });
});

describeWithOneNode('the memory of a real Redis', () => {
  it('is read from what it says of itself', async () => {
    const server = await RedisServer.start('--maxmemory', '100mb');
    const link = new RedisLink(server.settings(), { connectMs: 5_000, redisCommandMs: 5_000 }, new SystemClock());
    try {
      await link.open();
      const warnings: string[] = [];
      const watch = new MemoryWatch(link, (message) => warnings.push(message));
      await watch.look();
      expect(warnings).toEqual([]);
      await server.operate(async (redis) => {
        const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
        return redis.config('SET', 'maxmemory', String(Math.round(used / 0.8)));
      });
      await watch.look();
      expect(warnings).toEqual([expect.stringMatching(/^Redis has used (7|8)\d % of its memory\..*raise maxmemory/)]);
    } finally {
      await link.close();
      await server.close();
    }
  });
});
