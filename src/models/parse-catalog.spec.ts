import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBundledCatalog } from './bundled-catalog';
import { type CatalogEntry } from './catalog-entry';
import { catalogEntry, parseCatalog } from './parse-catalog';

function recorded(version: string): readonly CatalogEntry[] {
  const file = join(__dirname, '../../test/fixtures/codex', `models-catalog-bundled-${version}.json`);
  return parseCatalog((JSON.parse(readFileSync(file, 'utf8')) as { models: unknown[] }).models);
}

const named = (entries: readonly CatalogEntry[], slug: string) => entries.find((entry) => entry.slug === slug);

describe('a recorded catalog', () => {
  it('of 0.169.0 gives the profile, efforts and limits of every model', () => {
    const entries = recorded('0.169.0');
    expect(entries).toHaveLength(12);
    expect(entries.filter((entry) => !entry.usesResponsesLite).map(({ slug }) => slug)).toEqual(['gpt-5.5']);
    expect(named(entries, 'gpt-6.1-sol')).toMatchObject({
      usesResponsesLite: true,
      supportsVerbosity: true,
      efforts: ['low', 'medium', 'high', 'xhigh', 'max', 'ultra'],
      defaultEffort: 'low',
      ultraEffort: 'xhigh',
      serviceTiers: ['priority'],
      contextWindow: 272_000,
      visible: true,
      priority: 1,
    });
    expect(named(entries, 'codex-auto-review')?.visible).toBe(false);
    expect(named(entries, 'gpt-6.1-sol')?.instructions).toMatch(/^You are Codex/);
  });

  it('of 0.144.6 and 0.120.0 is read as well, old speed tiers included', () => {
    expect(named(recorded('0.144.6'), 'gpt-5.5')).toMatchObject({
      usesResponsesLite: false,
      serviceTiers: ['priority'],
    });
    const old = recorded('0.120.0');
    expect(old).toHaveLength(13);
    expect(named(old, 'gpt-5.4')?.serviceTiers).toEqual(['priority']);
    expect(named(old, 'gpt-5.1-codex-mini')).toMatchObject({ efforts: ['medium', 'high'], supportsVerbosity: false });
    expect(old.every(({ instructions }) => instructions !== undefined)).toBe(true);
  });
});

describe('an entry', () => {
  it('needs only a slug; what is missing becomes the cautious choice', () => {
    expect(catalogEntry({ slug: 'x' })).toMatchObject({
      displayName: 'x',
      usesResponsesLite: false,
      supportsVerbosity: false,
      supportsParallelToolCalls: false,
      efforts: [],
      serviceTiers: [],
      visible: true,
      instructions: undefined,
    });
  });

  it('that is odd does not hide the others', () => {
    expect(
      parseCatalog([null, 'x', {}, { slug: 7 }, { slug: 'good', supported_reasoning_levels: 'all' }]),
    ).toHaveLength(1);
  });

  it('fills the neutral personality into a prompt template', () => {
    const template = 'Be good.{{ personality }} Be brief.';
    const messages = {
      instructions_template: template,
      instructions_variables: { personality_default: ' Cost $& 1.' },
    };
    expect(catalogEntry({ slug: 'x', model_messages: messages })?.instructions).toBe('Be good. Cost $& 1. Be brief.');
  });
});

describe('the bundled snapshot', () => {
  it('states the same facts as the recorded catalog, and no prompt', () => {
    const facts = (entry: CatalogEntry) => ({
      ...entry,
      raw: undefined,
      instructions: entry.instructions !== undefined,
    });
    const { entries, clientVersion } = readBundledCatalog();
    expect(clientVersion).toBe('0.169.0');
    expect(entries.map(facts)).toEqual(recorded('0.169.0').map((entry) => ({ ...facts(entry), instructions: false })));
  });
});
