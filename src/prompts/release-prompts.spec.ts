import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, heldUsual, refusedConnection, silence } from '../../test/simulator/answer';
import { faults } from '../../test/simulator/faults';
import { type Simulator, startSimulator } from '../../test/simulator/simulator';
import { MovedClock } from '../../test/support/moved-clock';
import { describeWithRedis, RedisServer } from '../../test/support/redis-server';
import { settingsFor } from '../../test/support/settings-for';
import { SilentObserver } from '../../test/support/silent-observer';
import { SystemClock } from '../config/system-clock';
import { defaultTimeLimits } from '../config/time-limits';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { RedisLink } from '../state/redis/redis-link';
import { type SharedCache } from '../state/shared-cache';
import { FileSharedCache } from '../state/shared-cache-files';
import { MemorySharedCache } from '../state/shared-cache-memory';
import { RedisSharedCache } from '../state/shared-cache-redis';
import { PromptFetcher } from './prompt-fetcher';
import { promptTimes, type PromptTimes } from './prompt-times';
import { ReleaseHost } from './release-host';
import { type FoundPrompt, ReleasePrompts } from './release-prompts';

const minute = 60_000;
const file = 'gpt_5_codex_prompt.md';
const textAt = (tag: string): string => `You are a simulated coding agent, prompt file ${file}. Release ${tag}.`;
const [oldTag, newTag] = ['rust-v0.169.0', 'rust-v0.170.0'];

let simulator: Simulator;
let clock: MovedClock;
let folder: string;
const outbounds: UndiciOutbound[] = [];

beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(async () => {
  simulator.reset();
  clock = new MovedClock();
  folder = await mkdtemp(join(tmpdir(), 'release-prompts-'));
});
afterEach(async () => {
  simulator.release();
  await Promise.all(outbounds.splice(0).map((outbound) => outbound.close()));
  await rm(folder, { recursive: true });
});
afterAll(() => simulator.close());

/** One gateway process. */
function process(cache: SharedCache, changes: Partial<PromptTimes> = {}): ReleasePrompts {
  const settings = settingsFor(simulator.url);
  const outbound = new UndiciOutbound(settings);
  outbounds.push(outbound);
  const times = { ...promptTimes(defaultTimeLimits), lookMs: 5, ...changes };
  const fetcher = new PromptFetcher(new ReleaseHost(settings, outbound, clock), cache, clock, times);
  return new ReleasePrompts(fetcher, cache, clock, times, new SilentObserver());
}

const memory = (): SharedCache => new MemorySharedCache(clock);
const files = (): SharedCache => new FileSharedCache(folder, clock, memory());
const asked = (part: string): number => simulator.seen.filter(({ path }) => path.includes(part)).length;

/** Waits until an answer of the simulator is held. */
async function someHeld(): Promise<void> {
  while (simulator.held === 0) await new Promise(setImmediate);
}

/** Reads until the answer fits; the limit of the test ends a wait in vain. */
async function until(
  prompts: ReleasePrompts,
  fits: (found: FoundPrompt | undefined) => boolean,
): Promise<FoundPrompt | undefined> {
  for (;;) {
    const found = await prompts.read(file);
    if (fits(found)) return found;
    await new Promise(setImmediate);
  }
}

describe('the prompt file of the newest release', () => {
  it('is fetched once for all who ask at the same time, and then not for a quarter of an hour', async () => {
    const prompts = process(memory());
    const found = await Promise.all(Array.from({ length: 20 }, () => prompts.read(file)));
    expect(new Set(found.map((one) => one?.text))).toEqual(new Set([textAt(oldTag)]));
    expect(found[0]?.source).toBe('release');
    clock.aheadMs = 14 * minute;
    expect(await prompts.read(file)).toMatchObject({ source: 'release' });
    expect([asked('/releases/latest'), asked('/raw/')]).toEqual([1, 1]);
  });

  it('is confirmed by its ETag (304), and is fresh again', async () => {
    const prompts = process(memory());
    await prompts.read(file);
    clock.aheadMs = 16 * minute;
    expect(await prompts.read(file)).toMatchObject({ source: 'stale', text: textAt(oldTag) });
    await until(prompts, (found) => found?.source === 'release');
    expect(simulator.counts).toMatchObject({ promptFetches: 2, promptNotModified: 1 });
    expect((await prompts.read(file))?.ageMs).toBeLessThan(minute);
  });

  it('follows a new release, without a request that waits', async () => {
    const prompts = process(memory());
    await prompts.read(file);
    simulator.prompts.tag = newTag;
    simulator.scripts.releases.next(heldUsual());
    clock.aheadMs = 16 * minute;
    expect(await prompts.read(file)).toMatchObject({ text: textAt(oldTag), source: 'stale' });
    await someHeld();
    simulator.release();
    const found = await until(prompts, (one) => one?.source === 'release');
    expect(found?.text).toBe(textAt(newTag));
    expect(simulator.counts.promptNotModified).toBe(0);
  });

  it('is asked for at the known tag while the release host limits us (403), which is not asked again before its time', async () => {
    const prompts = process(memory());
    await prompts.read(file);
    const reset = Math.ceil((clock.nowMs() + 50 * minute) / 1_000);
    simulator.scripts.releases.always(
      json(403, { message: 'limited' }, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) }),
    );
    for (const aheadMs of [16, 32, 48].map((minutes) => minutes * minute)) {
      clock.aheadMs = aheadMs;
      await until(prompts, (found) => found?.source === 'release');
    }
    expect(asked('/releases/latest')).toBe(2);
    expect(simulator.counts.promptNotModified).toBe(3);
    simulator.scripts.releases.clear();
    simulator.prompts.tag = newTag;
    clock.aheadMs = 68 * minute;
    await until(prompts, (found) => found?.text === textAt(newTag));
    expect(asked('/releases/latest')).toBe(3);
  });

  it('is nothing at the first start under a limit, and every request learns that at once', async () => {
    simulator.scripts.releases.always(faults.githubLimit403);
    const prompts = process(memory());
    for (let turn = 0; turn < 20; turn += 1) expect(await prompts.read(file)).toBeUndefined();
    clock.aheadMs = 5 * minute;
    expect(await prompts.read(file)).toBeUndefined();
    expect([asked('/releases/latest'), asked('/raw/')]).toEqual([1, 0]);
  });

  it.each([
    ['the release host says nothing', (): void => void simulator.scripts.releases.always(silence())],
    ['the file host says nothing', (): void => void simulator.scripts.prompts.always(silence())],
  ])('is waited for no longer than the limit when %s', async (_, breakHost) => {
    breakHost();
    const prompts = process(memory(), { fetchMs: 600 });
    const startedMs = performance.now();
    expect(await prompts.read(file)).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    const secondMs = performance.now();
    await prompts.read(file);
    expect(performance.now() - secondMs).toBeLessThan(300);
  });

  it.each([
    ['breaks off', (): void => void simulator.scripts.prompts.always(refusedConnection())],
    ['fails', (): void => void simulator.scripts.prompts.always(faults.server500)],
    [
      'shows a page',
      (): void => void simulator.scripts.prompts.always(json(200, '<html>', { 'content-type': 'text/html' })),
    ],
    ['is empty', (): void => void simulator.scripts.prompts.always(json(200, ' \n'))],
    [
      'names a tag that is none',
      (): void => void simulator.scripts.releases.always(json(200, { tag_name: '../../x' })),
    ],
  ])('stays the old one when the host %s, however long, and heals with the host', async (_, breakHost) => {
    // The clock jumps while the host is asked; that alone must not end the asking.
    const prompts = process(memory(), { fetchMs: 24 * 60 * minute });
    await prompts.read(file);
    breakHost();
    for (const hours of [1, 100, 800]) {
      clock.aheadMs = hours * 60 * minute;
      const before = simulator.counts.requests;
      while (simulator.counts.requests === before) {
        expect((await prompts.read(file))?.text).toBe(textAt(oldTag));
        // The last failure may end at any moment, and the next attempt comes a minute after it.
        clock.aheadMs += minute;
        await new Promise(setImmediate);
      }
    }
    simulator.scripts.prompts.clear();
    simulator.scripts.releases.clear();
    simulator.prompts.tag = newTag;
    await until(prompts, (found) => {
      clock.aheadMs += minute;
      return found?.text === textAt(newTag);
    });
  });

  it('falls back to the oldest file where a release has dropped the family', async () => {
    simulator.prompts.write(file, undefined);
    const found = await process(memory()).read(file);
    expect(found?.text).toContain('prompt file prompt.md');
    simulator.prompts.write('prompt.md', undefined);
    expect(await process(memory()).read(file)).toBeUndefined();
  });

  it('sends the hosts no login and no cookie', async () => {
    await process(memory()).read(file);
    expect(simulator.seen).toHaveLength(2);
    for (const { headers } of simulator.seen) {
      expect(Object.keys(headers).sort()).toEqual(expect.not.arrayContaining(['authorization', 'cookie']));
      expect(headers['user-agent']).toMatch(/^codex_gateway/);
    }
  });
});

describe('the cache in files', () => {
  it('survives a restart: fresh it is used, old it is used and refreshed', async () => {
    await process(files()).read(file);
    simulator.reset();
    expect(await process(files()).read(file)).toMatchObject({ text: textAt(oldTag), source: 'cache' });
    expect(simulator.counts.requests).toBe(0);
    clock.aheadMs = 60 * minute;
    simulator.scripts.releases.next(heldUsual());
    const restarted = process(files());
    // The first look finds the old copy before the host is asked, and the held host holds nobody.
    expect(await until(restarted, (found) => found !== undefined)).toMatchObject({ source: 'stale' });
    await someHeld();
    simulator.release();
    await until(restarted, (found) => found?.source === 'release');
    expect(simulator.counts.promptNotModified).toBe(1);
  });
});

describeWithRedis('the cache in Redis', () => {
  let server: RedisServer;
  let link: RedisLink;
  const replica = (changes?: Partial<PromptTimes>): ReleasePrompts =>
    process(new RedisSharedCache(link, new MemorySharedCache(clock)), changes);

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(async () => {
    link = new RedisLink(server.settings(), { ...defaultTimeLimits, redisCommandMs: 5_000 }, new SystemClock());
    await link.open();
  });
  afterEach(() => link.close());
  afterAll(() => server.close());

  it('makes one of two replicas the refresher; the other waits for its answer, not for the host', async () => {
    simulator.scripts.prompts.next(heldUsual());
    const [one, other] = [replica(), replica()];
    const both = Promise.all([one.read(file), other.read(file)]);
    await someHeld();
    simulator.release();
    expect((await both).map((found) => found?.text)).toEqual([textAt(oldTag), textAt(oldTag)]);
    expect((await both).map((found) => found?.source).sort()).toEqual(['cache', 'release']);
    expect([asked('/releases/latest'), asked('/raw/')]).toEqual([1, 1]);
  });

  it('tells the other replica of a failure, so that it does not wait in vain', async () => {
    simulator.scripts.releases.always(faults.server500);
    expect(await replica().read(file)).toBeUndefined();
    const startedMs = performance.now();
    expect(await replica({ fetchMs: 10_000 }).read(file)).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(asked('/releases/latest')).toBe(1);
  });

  it('does not wait for a refresher that died beyond the limit', async () => {
    await link.run((redis) => redis.set(link.key(`claim:instructions:refresh:${file}`), '1', 'PX', 60_000));
    expect(await replica({ fetchMs: 100 }).read(file)).toBeUndefined();
    expect(simulator.counts.requests).toBe(0);
  });

  it('is done without when Redis is away', async () => {
    await link.close();
    expect(await replica().read(file)).toMatchObject({ text: textAt(oldTag), source: 'release' });
  });
});
