import {
  away,
  laterReply,
  listing,
  replicaOf,
  ScriptedSource,
  settled,
  StillClock,
} from '../../test/support/catalog-fakes';
import { codexDeployment, settingsFor } from '../../test/support/settings-for';
import { GatewayLogger } from '../telemetry/logger';
import { CatalogReader } from './catalog-reader';
import { ModelCatalog } from './model-catalog';
import { SharedCatalogs } from './shared-catalogs';

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
    const { reply, come } = laterReply();
    source.replies = [reply];
    expect((await catalog.resolve('gpt-5', deployment)).slug).toBe('a');
    await settled();
    expect(source.etags).toEqual([undefined, '"a"']);
    come(listing('b'));
    await settled();
    expect((await catalog.entriesFor(deployment)).map(({ slug }) => slug)).toEqual(['b']);
  });

  it('keeps what it has when nothing changed', async () => {
    source.replies = [listing('a'), undefined];
    await catalog.resolve('a', deployment);
    clock.ms += 300_000;
    await catalog.resolve('a', deployment);
    await settled();
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
    await settled();
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
    await settled();
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

  it('understands a name as long as a body and does not keep it', async () => {
    source.replies = [listing('a')];
    const name = `${' '.repeat(1_000)}a`;
    const model = await catalog.resolve(name, deployment);
    expect(model.slug).toBe('a');
    expect(await catalog.resolve(name, deployment)).not.toBe(model);
  });
});

describe('an old CODEX_CLIENT_VERSION', () => {
  const old = (clientVersion: string): ModelCatalog =>
    replicaOf({ source, clock }, undefined, { codex: { clientVersion } });

  it('that hides models from the account is named in a warning, with the models', async () => {
    source.replies = [listing('gpt-5.5')];
    const { origin, warning } = await old('0.124.0').stateOf(deployment);
    expect(origin).toBe('account');
    expect(warning).toMatch(/^CODEX_CLIENT_VERSION 0\.124\.0 is too old for .*gpt-6-sol/);
    expect(warning).not.toMatch(/gpt-5\.5|daybreak/);
  });

  it('hides the same models in the snapshot', async () => {
    source.replies = [away];
    const listed = async (version: string) => (await old(version).entriesFor(deployment)).map(({ slug }) => slug);
    expect(await listed('0.124.0')).toEqual(['gpt-5.5', 'codex-auto-review']);
    expect(await listed('0.90.0')).toEqual([]);
    expect(await listed('0.0.0')).toHaveLength(12);
    expect(await listed('0.169.0-alpha.3')).toHaveLength(12);
  });
});

it('says once that a catalog is in trouble, and once that it is well again', async () => {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const settings = settingsFor('http://127.0.0.1:1');
  const reader = new CatalogReader(settings, source, new SharedCatalogs(settings), clock);
  catalog = new ModelCatalog(reader, clock, new GatewayLogger({ logLevel: 'info' }, sink));
  source.replies = [away, away, listing('a'), undefined];
  for (let asked = 0; asked < 4; asked += 1) {
    await catalog.resolve('a', deployment);
    await settled();
    clock.ms += 300_000;
  }
  expect(lines).toEqual([
    expect.stringMatching(/"level":40.*could not be reached.*2026-11-13/),
    expect.stringMatching(/"level":30.*is well/),
  ]);
});
