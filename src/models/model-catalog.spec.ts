import { codexDeployment, settingsFor } from '../../test/support/settings-for';
import { Clock } from '../kernel/clock';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { CatalogSource, type FetchedCatalog } from './catalog-source';
import { ModelCatalog } from './model-catalog';

class FakeClock extends Clock {
  ms = 0;
  override nowMs(): number {
    return this.ms;
  }
  override monotonicMs(): number {
    return this.ms;
  }
}

type Reply = FetchedCatalog | undefined | Error | Promise<FetchedCatalog>;

class FakeSource extends CatalogSource {
  readonly etags: (string | undefined)[] = [];
  replies: Reply[] = [];
  override async fetch(_: unknown, etag?: string): Promise<FetchedCatalog | undefined> {
    this.etags.push(etag);
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    if (reply instanceof Error) throw reply;
    return reply;
  }
}

const deployment = codexDeployment('http://127.0.0.1:1', '/x');
const away = new UpstreamFailure({ kind: 'network', message: 'The upstream could not be reached.' });
let clock: FakeClock;
let source: FakeSource;
let catalog: ModelCatalog;

beforeEach(() => {
  clock = new FakeClock();
  source = new FakeSource();
  catalog = new ModelCatalog(settingsFor('http://127.0.0.1:1'), source, clock);
});

function listing(...slugs: string[]): FetchedCatalog {
  const models: JsonObject[] = slugs.map((slug, index) => ({
    slug,
    priority: index,
    visibility: slug.startsWith('hidden') ? 'hide' : 'list',
    use_responses_lite: slug.includes('lite'),
  }));
  return { models, etag: `"${slugs.join()}"` };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const slugOf = async (name: string) => (await catalog.resolve(name, deployment)).slug;

describe('resolving', () => {
  it('gives slug, entry, profile and effort of a listed model', async () => {
    source.replies = [listing('a', 'b-lite')];
    expect(await catalog.resolve('codex/b-lite-high', deployment)).toMatchObject({
      slug: 'b-lite',
      profile: 'lite',
      effort: 'high',
      remappedFrom: undefined,
      entry: { slug: 'b-lite' },
    });
  });

  it('lets a deployment choose the profile', async () => {
    source.replies = [listing('a', 'b-lite')];
    expect((await catalog.resolve('b-lite', { ...deployment, profile: 'ordinary' })).profile).toBe('ordinary');
  });

  it('answers a retired model by the configured one, and says so', async () => {
    source.replies = [listing('first', 'gpt-5.5')];
    expect(await catalog.resolve('gpt-5.1-codex-max', deployment)).toMatchObject({
      slug: 'gpt-5.5',
      remappedFrom: 'gpt-5.1-codex-max',
    });
  });

  it('answers a retired model by the first visible one when the configured is not there', async () => {
    source.replies = [listing('hidden-0', 'second', 'third')];
    expect(await slugOf('gpt-5')).toBe('second');
  });

  it('keeps a retired model for an account that still has it', async () => {
    source.replies = [listing('gpt-5.4', 'gpt-5.5')];
    expect(await catalog.resolve('gpt-5.4', deployment)).toMatchObject({ slug: 'gpt-5.4', remappedFrom: undefined });
  });

  it('sends an unknown name as it is, in the ordinary profile', async () => {
    source.replies = [listing('a')];
    expect(await catalog.resolve('brand-new', deployment)).toMatchObject({
      slug: 'brand-new',
      entry: undefined,
      profile: 'ordinary',
    });
  });

  it('asks nobody for a plain Responses host', async () => {
    const host = { ...deployment, provider: 'openai' as const };
    expect(await catalog.resolve('gpt-5', host)).toMatchObject({ slug: 'gpt-5', remappedFrom: undefined });
    expect(await catalog.entriesFor(host)).toEqual([]);
    expect(source.etags).toEqual([]);
  });
});

describe('the cache', () => {
  it('asks once for many callers at the same time, and per account', async () => {
    source.replies = [listing('a')];
    await Promise.all(Array.from({ length: 20 }, () => catalog.resolve('a', deployment)));
    expect(source.etags).toHaveLength(1);
    const other = { ...deployment, credential: { ...deployment.credential, name: 'other' } };
    await catalog.resolve('a', other);
    expect(source.etags).toHaveLength(2);
  });

  it('serves the old catalog at once while it asks again with the ETag after five minutes', async () => {
    source.replies = [listing('a')];
    await catalog.resolve('a', deployment);
    clock.ms += 299_999;
    await catalog.resolve('a', deployment);
    expect(source.etags).toHaveLength(1);
    clock.ms += 1;
    let come: (catalog: FetchedCatalog) => void = () => undefined;
    source.replies = [new Promise((resolve) => (come = resolve))];
    expect((await catalog.resolve('gpt-5', deployment)).slug).toBe('a');
    expect(source.etags).toEqual([undefined, '"a"']);
    come(listing('b'));
    await turn();
    expect((await catalog.entriesFor(deployment)).map(({ slug }) => slug)).toEqual(['b']);
  });

  it('keeps what it has when nothing changed', async () => {
    source.replies = [listing('a'), undefined];
    await catalog.resolve('a', deployment);
    clock.ms += 300_000;
    await catalog.resolve('a', deployment);
    await turn();
    expect(await catalog.stateOf(deployment)).toMatchObject({ origin: 'account', warning: undefined, etag: '"a"' });
    clock.ms += 1_000;
    await catalog.resolve('a', deployment);
    expect(source.etags).toHaveLength(2);
  });

  it('keeps what it has, with a warning, when the account cannot be asked', async () => {
    source.replies = [{ ...listing('a'), etag: undefined }, away];
    await catalog.resolve('a', deployment);
    clock.ms += 300_000;
    await catalog.resolve('a', deployment);
    await turn();
    const state = await catalog.stateOf(deployment);
    expect(state.origin).toBe('account');
    expect(state.warning).toMatch(/could not be reached.*last one/);
    expect(await slugOf('gpt-5')).toBe('a');
  });

  it('falls back to the bundled snapshot, and asks again after ten seconds', async () => {
    source.replies = [away, listing('a')];
    expect(await catalog.resolve('gpt-6-sol', deployment)).toMatchObject({ slug: 'gpt-6-sol', profile: 'lite' });
    expect(await catalog.stateOf(deployment)).toMatchObject({
      origin: 'snapshot',
      warning: expect.stringMatching(/2026-11-13/) as string,
    });
    clock.ms += 9_999;
    await catalog.resolve('a', deployment);
    expect(source.etags).toHaveLength(1);
    clock.ms += 1;
    await catalog.resolve('a', deployment);
    await turn();
    expect(await catalog.stateOf(deployment)).toMatchObject({ origin: 'account', warning: undefined });
    expect(source.etags).toEqual([undefined, undefined]);
  });

  it('treats a catalog without models as unreachable', async () => {
    source.replies = [{ models: [], etag: '"empty"' }];
    expect(await catalog.stateOf(deployment)).toMatchObject({
      origin: 'snapshot',
      warning: expect.stringMatching(/is empty.*CODEX_CLIENT_VERSION/) as string,
    });
  });

  it('works a name out once', async () => {
    source.replies = [listing('a')];
    expect(await catalog.resolve('codex/a-low', deployment)).toBe(await catalog.resolve('codex/a-low', deployment));
  });
});
