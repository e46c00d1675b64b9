import {
  away,
  laterReply,
  listing,
  replicaOf,
  ScriptedSource,
  settled,
  StillClock,
} from '../../test/support/catalog-fakes';
import { codexDeployment } from '../../test/support/settings-for';
import { MemorySharedCache } from '../state/shared-cache-memory';
import { type ModelCatalog } from './model-catalog';

const deployment = codexDeployment('http://127.0.0.1:1', '/x');
let clock: StillClock;
let source: ScriptedSource;
let catalog: ModelCatalog;

beforeEach(() => {
  clock = new StillClock();
  source = new ScriptedSource();
  catalog = replicaOf({ source, clock });
});

const slugOf = async (name: string) => (await catalog.resolve(name, deployment)).slug;

describe('an ETag in an answer', () => {
  beforeEach(async () => {
    source.replies = [listing('a')];
    await catalog.resolve('a', deployment);
  });

  it('that is the catalog’s own, in whatever spelling, asks nobody', async () => {
    for (const etag of ['"a"', 'W/"a"', 'a', undefined]) catalog.etagSeen(deployment, etag);
    catalog.etagSeen({ ...deployment, provider: 'openai' }, '"b"');
    await settled();
    expect(source.etags).toHaveLength(1);
  });

  it('that is new makes one reading out of a storm of answers, and the old list serves until it is there', async () => {
    const { reply, come } = laterReply();
    source.replies = [reply];
    for (let answers = 0; answers < 500; answers += 1) catalog.etagSeen(deployment, '"b"');
    await settled();
    expect(source.etags).toEqual([undefined, '"a"']);
    expect(await slugOf('gpt-5')).toBe('a');
    come(listing('b'));
    await settled();
    expect(await slugOf('gpt-5')).toBe('b');
    for (let answers = 0; answers < 500; answers += 1) catalog.etagSeen(deployment, '"b"');
    await settled();
    expect(source.etags).toHaveLength(2);
  });

  it('that never becomes the catalog’s costs one reading, not one per answer', async () => {
    source.replies = [undefined];
    for (let answers = 0; answers < 10; answers += 1) {
      catalog.etagSeen(deployment, '"of another filter"');
      await settled();
      clock.ms += 20_000;
    }
    expect(source.etags).toEqual([undefined, '"a"']);
  });

  it('that changes with every answer is followed at most twice a minute', async () => {
    source.replies = [undefined];
    for (let answers = 0; answers < 60; answers += 1) {
      catalog.etagSeen(deployment, `"${answers}"`);
      await settled();
      clock.ms += 1_000;
    }
    expect(source.etags).toHaveLength(3);
  });

  it('that comes while the catalog is being read is followed right after it', async () => {
    clock.ms += 300_000;
    const { reply, come } = laterReply();
    source.replies = [reply, listing('b')];
    await catalog.resolve('a', deployment);
    await settled();
    catalog.etagSeen(deployment, '"b"');
    come(undefined);
    await settled();
    await catalog.resolve('a', deployment);
    await settled();
    expect(await slugOf('gpt-5')).toBe('b');
    expect(source.etags).toHaveLength(3);
  });

  it('asks nobody while the snapshot stands in, which is looked at again soon anyway', async () => {
    source.replies = [away];
    const fresh = replicaOf({ source, clock });
    await fresh.resolve('a', deployment);
    const asked = source.etags.length;
    fresh.etagSeen(deployment, '"b"');
    await settled();
    expect(source.etags).toHaveLength(asked);
  });
});

describe('two replicas with one cache', () => {
  let shared: MemorySharedCache;
  let other: ModelCatalog;
  beforeEach(() => {
    shared = new MemorySharedCache(clock);
    [catalog, other] = [replicaOf({ source, clock }, shared), replicaOf({ source, clock }, shared)];
  });

  it('ask the account once, and the second has the prompts too', async () => {
    source.replies = [{ models: [{ slug: 'a', base_instructions: 'You are a.' }], etag: '"a"' }];
    await catalog.resolve('a', deployment);
    expect((await other.resolve('a', deployment)).entry?.instructions).toBe('You are a.');
    expect(await other.stateOf(deployment)).toMatchObject({ origin: 'account', etag: '"a"', warning: undefined });
    expect(source.etags).toEqual([undefined]);
  });

  it('ask once again when it is old, and the one that did not ask sees the new list two seconds later', async () => {
    source.replies = [listing('a')];
    await Promise.all([catalog.resolve('a', deployment), other.resolve('a', deployment)]);
    const before = source.etags.length;
    clock.ms += 300_000;
    const { reply, come } = laterReply();
    source.replies = [reply];
    await Promise.all([catalog.resolve('a', deployment), other.resolve('a', deployment)]);
    await settled();
    expect(source.etags.slice(before)).toEqual(['"a"']);
    come(listing('b'));
    clock.ms += 2_000;
    await settled();
    await other.resolve('a', deployment);
    await settled();
    expect((await other.entriesFor(deployment)).map(({ slug }) => slug)).toEqual(['b']);
    expect(source.etags).toHaveLength(before + 1);
  });

  it('follow a new ETag with one reading, the second with none of its own', async () => {
    source.replies = [listing('a'), listing('b')];
    await catalog.resolve('a', deployment);
    await other.resolve('a', deployment);
    catalog.etagSeen(deployment, '"b"');
    await settled();
    other.etagSeen(deployment, '"b"');
    await settled();
    expect((await other.entriesFor(deployment)).map(({ slug }) => slug)).toEqual(['b']);
    expect(source.etags).toEqual([undefined, '"a"']);
  });

  it('have the last list of the account after a restart with the upstream away', async () => {
    source.replies = [listing('a')];
    await catalog.resolve('a', deployment);
    clock.ms += 24 * 3_600_000;
    source.replies = [away];
    const restarted = replicaOf({ source, clock }, shared);
    const state = await restarted.stateOf(deployment);
    expect(state).toMatchObject({ origin: 'account', entries: [{ slug: 'a' }] });
    expect(state.warning).toMatch(/could not be reached.*last one/);
  });

  it('do not share the list of another account, host or client version', async () => {
    source.replies = [listing('a')];
    await catalog.resolve('a', deployment);
    await other.resolve('a', { ...deployment, apiBase: 'http://127.0.0.1:2' });
    await other.resolve('a', { ...deployment, credential: { ...deployment.credential, name: 'other' } });
    await replicaOf({ source, clock }, shared, { codex: { clientVersion: '0.144.6' } }).resolve('a', deployment);
    expect(source.etags).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each([
    ['torn', '{"readAtMs":1,"mod'],
    ['foreign', '{"hello":"world"}'],
    ['empty', '{"readAtMs":1,"models":[]}'],
  ])('pass over a record that is %s', async (_, text) => {
    jest.spyOn(shared, 'get').mockResolvedValue(text);
    source.replies = [listing('a')];
    expect(await slugOf('a')).toBe('a');
    expect(source.etags).toEqual([undefined]);
  });

  it('work without the cache when it fails', async () => {
    for (const method of ['get', 'set', 'claim'] as const)
      jest.spyOn(shared, method).mockRejectedValue(new Error('no'));
    source.replies = [listing('a')];
    expect(await slugOf('a')).toBe('a');
  });
});
