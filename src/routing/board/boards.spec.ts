import { MovedClock } from '../../../test/support/moved-clock';
import { describeWithRedis, RedisServer } from '../../../test/support/redis-server';
import { Clock } from '../../kernel/clock';
import { RedisLink } from '../../state/redis/redis-link';
import { type QuotaRecord } from '../quota/quota-record';
import { type Cooldown, laterOf } from '../trouble/cooldown';
import { ExpiringMap } from './expiring-map';
import { LocalBoard } from './local-board';
import { LocalPins } from './local-pins';
import { type PinStore } from './pin-store';
import { RedisPins } from './redis-pins';
import { RedisRoutingBoard } from './redis-routing-board';
import { type RoutingBoard } from './routing-board';

/** A machine whose time of day is wrong. */
class SkewedClock extends Clock {
  skewMs = 0;

  override nowMs(): number {
    return Date.now() + this.skewMs;
  }

  override monotonicMs(): number {
    return performance.now();
  }
}

/** What one replica has heard of a board. */
class Heard {
  readonly cooldowns = new Map<string, Cooldown>();
  readonly quotas = new Map<string, QuotaRecord>();
  cleared = 0;

  listenTo(board: RoutingBoard): this {
    board.listen({
      cooled: (cooldown) => this.cooldowns.set(cooldown.scope, laterOf(this.cooldowns.get(cooldown.scope), cooldown)),
      cleared: (scope, atMs) => {
        this.cleared += 1;
        if ((this.cooldowns.get(scope)?.sinceMs ?? 0) <= atMs) this.cooldowns.delete(scope);
      },
      quotaKnown: (account, record) => this.quotas.set(account, record),
    });
    return this;
  }
}

async function eventually(what: string, isSo: () => boolean): Promise<void> {
  const endMs = Date.now() + 5_000;
  while (!isSo()) {
    if (Date.now() > endMs) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function cooldown(scope: string, untilMs: number, sinceMs = Date.now()): Cooldown {
  return {
    scope,
    kind: 'quota',
    reason: 'usage_limit_reached',
    sinceMs,
    untilMs,
    advice: 'Wait.',
    probeAtMs: untilMs - 10,
  };
}

function record(usedPercent: number, seenAtMs: number): QuotaRecord {
  const window = {
    limit: 'codex',
    minutes: 300,
    usedPercent,
    resetAtMs: seenAtMs + 1_000,
    source: 'headers' as const,
    seenAtMs,
  };
  return {
    planType: 'plus',
    credits: { has: true, unlimited: false, balance: undefined },
    resetCredits: 2,
    windows: [window],
    seenAtMs,
  };
}

/** How two replicas share a board and pins. */
interface Shared {
  readonly boards: readonly [RoutingBoard, RoutingBoard];
  readonly pins: readonly [PinStore, PinStore];
}

/** The promises of both ports, for every way of sharing. */
function keepsItsPromises(shared: () => Shared): void {
  it('tells one replica what another has found out, and keeps the later deadline', async () => {
    const [one, other] = shared().boards;
    const heard = new Heard().listenTo(other);
    const untilMs = Date.now() + 60_000;
    one.cool(cooldown('account a', untilMs));
    await eventually('the cooldown is heard of', () => heard.cooldowns.has('account a'));
    const told = heard.cooldowns.get('account a');
    expect(told).toMatchObject({ kind: 'quota', reason: 'usage_limit_reached', advice: 'Wait.' });
    expect(Math.abs((told?.untilMs ?? 0) - untilMs)).toBeLessThan(100);
    one.cool(cooldown('account a', untilMs - 30_000));
    one.cool(cooldown('account b', untilMs));
    await eventually('the next one is heard of', () => heard.cooldowns.has('account b'));
    expect(heard.cooldowns.get('account a')?.untilMs).toBeGreaterThan(untilMs - 1_000);
  });

  it('tells who comes later what is known already', async () => {
    const [one, other] = shared().boards;
    one.cool(cooldown('account late', Date.now() + 60_000));
    one.quotaKnown('late', record(70, Date.now()));
    const early = new Heard().listenTo(one);
    await eventually('it is known', () => early.cooldowns.has('account late') && early.quotas.has('late'));
    const heard = new Heard().listenTo(other);
    await eventually('all of it is told', () => heard.cooldowns.has('account late') && heard.quotas.has('late'));
    expect(heard.quotas.get('late')).toMatchObject({
      planType: 'plus',
      resetCredits: 2,
      windows: [{ usedPercent: 70, limit: 'codex' }],
    });
  });

  it('ends a cooldown everywhere', async () => {
    const [one, other] = shared().boards;
    const heard = new Heard().listenTo(other);
    one.cool(cooldown('account c', Date.now() + 60_000, Date.now() - 1_000));
    await eventually('it is heard of', () => heard.cooldowns.has('account c'));
    other.clear('account c', Date.now());
    await eventually('it is over', () => !heard.cooldowns.has('account c'));
    expect(heard.cleared).toBeGreaterThan(0);
    one.cool(cooldown('account c', Date.now() + 60_000, Date.now() + 50));
    await eventually('it may begin anew', () => heard.cooldowns.has('account c'));
  });

  it('remembers pins for as long as they were meant to last', async () => {
    const [one, other] = shared().pins;
    one.pin('p1', 'work', 60_000);
    one.pin('p2', 'home', 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await other.ask(['p2', 'nothing', 'p1'])).toEqual([undefined, undefined, 'work']);
    expect(await other.ask([])).toEqual([]);
    one.pin('p1', 'elsewhere', 60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await other.ask(['p1'])).toEqual(['elsewhere']);
  });
}

describe('a gateway that is alone', () => {
  const board = new LocalBoard();
  const pins = new LocalPins(new MovedClock());
  afterAll(() => {
    board.close();
  });
  keepsItsPromises(() => ({ boards: [board, board], pins: [pins, pins] }));
});

describeWithRedis('replicas that share a Redis', () => {
  let server: RedisServer;
  const links: RedisLink[] = [];
  const boards: RedisRoutingBoard[] = [];
  const clocks = [new SkewedClock(), new SkewedClock()] as const;

  beforeAll(async () => {
    server = await RedisServer.start();
    const settings = server.settings();
    for (const clock of clocks) {
      const link = new RedisLink(settings, { connectMs: 5_000, redisCommandMs: 5_000 }, clock);
      await link.open();
      links.push(link);
      boards.push(new RedisRoutingBoard(link, clock));
    }
  });
  afterAll(async () => {
    for (const board of boards) board.close();
    await Promise.all(links.map((link) => link.close()));
    await server.close();
  });

  const at = <T>(list: readonly T[], place: number): T => {
    const found = list[place];
    if (found === undefined) throw new Error('not started');
    return found;
  };
  const pinsOf = (place: number): PinStore => new RedisPins(at(links, place), new LocalPins(new MovedClock()));
  const both = (): Shared => ({ boards: [at(boards, 0), at(boards, 1)], pins: [pinsOf(0), pinsOf(1)] });
  keepsItsPromises(both);

  it('understand each other’s deadlines though their clocks differ', async () => {
    clocks[1].skewMs = 300_000;
    const heard = new Heard().listenTo(both().boards[1]);
    const untilMs = Date.now() + 60_000;
    both().boards[0].cool(cooldown('account skewed', untilMs));
    await eventually('it is heard of', () => heard.cooldowns.has('account skewed'));
    expect(Math.abs((heard.cooldowns.get('account skewed')?.untilMs ?? 0) - untilMs - 300_000)).toBeLessThan(1_000);
    clocks[1].skewMs = 0;
  });

  it('keep the newest that is known of a plan, whoever writes last', async () => {
    const [one, other] = both().boards;
    const seenAtMs = Date.now();
    one.quotaKnown('plan', record(50, seenAtMs));
    const early = new Heard().listenTo(other);
    await eventually('it is written', () => early.quotas.has('plan'));
    other.quotaKnown('plan', record(20, seenAtMs - 10_000));
    await new Promise((resolve) => setTimeout(resolve, 30));
    const heard = new Heard().listenTo(one);
    await eventually('it is read', () => heard.quotas.has('plan'));
    expect(heard.quotas.get('plan')?.windows[0]?.usedPercent).toBe(50);
  });

  it('lose nothing but knowledge while Redis is away', async () => {
    const [one] = both().boards;
    const pins = pinsOf(0);
    await server.kill();
    const startedMs = performance.now();
    one.cool(cooldown('account away', Date.now() + 60_000));
    one.clear('account away', Date.now());
    one.quotaKnown('away', record(1, Date.now()));
    pins.pin('away', 'here', 60_000);
    expect(performance.now() - startedMs).toBeLessThan(50);
    expect(await pins.ask(['away'])).toEqual(['here']);
    await server.resume();
    await eventually('it is reached again', () => links[0]?.isUp === true);
    const heard = new Heard().listenTo(one);
    one.cool(cooldown('account back', Date.now() + 60_000));
    await eventually('it is told again', () => heard.cooldowns.has('account back'));
  });
});

describe('a map that forgets', () => {
  it('gives up what was touched longest ago, and what is too old', () => {
    const map = new ExpiringMap<number>(2);
    map.set('a', 1, 100);
    map.set('b', 2, 100);
    expect(map.get('a', 0)).toBe(1);
    map.set('c', 3, 50);
    expect(['a', 'b', 'c'].map((key) => map.get(key, 0))).toEqual([1, undefined, 3]);
    expect(['a', 'c'].map((key) => map.get(key, 50))).toEqual([1, undefined]);
  });
});
