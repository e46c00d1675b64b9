import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually';
import { MovedClock } from '../../../test/support/moved-clock';
import { describeWithRedis } from '../../../test/support/redis-server';
import { type RedisTopology, startCluster } from '../../../test/support/redis-topology';
import { RedisEntityStore } from '../../state/entities/redis-entity-store';
import { RedisLink } from '../../state/redis/redis-link';
import { StateUnavailable } from '../../state/state-unavailable';
import { booksScript, booksTag } from './books-script';

jest.setTimeout(60_000);

/** The nodes between which the slot of a key moves; each knows where it is on its way. */
class MovingSlot {
  private constructor(
    private readonly slot: number,
    private readonly from: Redis,
    private readonly to: Redis,
    private readonly ports: readonly number[],
  ) {}

  /** Begins to move it; nothing of it has moved yet. */
  static async begin(key: string, ports: readonly number[]): Promise<MovingSlot> {
    const nodes = ports.map((port) => new Redis({ port, host: '127.0.0.1', protocol: 2 }));
    const slot = (await nodes[0]?.cluster('KEYSLOT', key)) ?? 0;
    const owner = ports.findIndex((_, at) => slot < Math.ceil(16_384 / ports.length) * (at + 1));
    const [from, to] = [nodes[owner], nodes[(owner + 1) % nodes.length]];
    if (from === undefined || to === undefined) throw new Error('no nodes');
    nodes
      .filter((node) => node !== from && node !== to)
      .forEach((node) => {
        node.disconnect();
      });
    const moving = new MovingSlot(slot, from, to, [ports[(owner + 1) % ports.length] ?? 0]);
    await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await from.call('CLUSTER', 'MYID')));
    await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(await to.call('CLUSTER', 'MYID')));
    return moving;
  }

  /** Moves its keys and ends. @throws {Error} for a key that somebody made where the slot goes. */
  async end(): Promise<void> {
    try {
      await this.move();
    } finally {
      this.from.disconnect();
      this.to.disconnect();
    }
  }

  private async move(): Promise<void> {
    const keys = (await this.from.call('CLUSTER', 'GETKEYSINSLOT', this.slot, 1_000)) as string[];
    await this.from.call('MIGRATE', '127.0.0.1', String(this.ports[0]), '', 0, 1_000, 'KEYS', ...keys);
    const id = String(await this.to.call('CLUSTER', 'MYID'));
    for (const node of [this.to, this.from]) await node.call('CLUSTER', 'SETSLOT', this.slot, 'NODE', id);
  }
}

describeWithRedis('a Cluster that moves a slot', () => {
  let folder: string;
  let cluster: RedisTopology;
  let link: RedisLink;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moving-slot-'));
    cluster = await startCluster(folder, []);
    const settings = {
      place: cluster.place,
      username: undefined,
      password: undefined,
      db: 0,
      tls: false,
      keyPrefix: 'moving:',
    };
    // Longer than the client tries again by itself.
    link = new RedisLink(settings, { connectMs: 5_000, redisCommandMs: 10_000 }, new MovedClock());
    await link.open();
  });
  afterAll(async () => {
    await link.close();
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true });
  });

  /** While the slot of `key` is on its way. */
  const meanwhile = async (key: string, ...works: readonly (() => Promise<unknown>)[]): Promise<readonly unknown[]> => {
    const moving = await MovingSlot.begin(link.key(key), cluster.primaries());
    try {
      return await Promise.all(works.map((work) => work().catch((error: unknown) => error)));
    } finally {
      await moving.end();
    }
  };
  const away = expect.any(StateUnavailable) as unknown;

  it('is away to the keys, and knows all of them as soon as it is done', async () => {
    const store = new RedisEntityStore(link);
    const put = (id: string) =>
      store.commit([{ op: 'put', kind: 'key', id, names: [`name of ${id}`], lists: [], body: '{}' }]);
    await put('first');
    const find = () => store.named('key', 'name of first');
    expect(await meanwhile('{ent}', find, () => put('second'))).toEqual([away, away]);
    await eventually('the key is found', async () => (await find().catch(() => undefined))?.version === 1);
    expect(await put('second')).toMatchObject({ kind: 'committed', version: 2 });
  });

  it('is away to the books, and none begins anew where the slot goes', async () => {
    const watch = booksScript(link, 'watch');
    await watch(['key:first']);
    expect(await meanwhile(booksTag, () => watch(['key:first']))).toEqual([away]);
    await eventually('the books can be used', () =>
      watch(['key:first']).then(
        () => true,
        () => false,
      ),
    );
  });
});
