import { readModelName } from './model-names';

const listed = new Set(['gpt-5.5', 'gpt-6.1-sol', 'gpt-7-max', 'codex-auto-review', 'house-high']);
const read = (name: string) => readModelName(name, (slug) => listed.has(slug));

describe('a model name', () => {
  it.each([
    ['gpt-5.5', 'gpt-5.5', undefined],
    ['codex/gpt-5.5', 'gpt-5.5', undefined],
    ['codex-oauth/gpt-5.5', 'gpt-5.5', undefined],
    ['codex_oauth/gpt-5.5', 'gpt-5.5', undefined],
    ['chatgpt/gpt-5.5', 'gpt-5.5', undefined],
    ['codex-gpt-5.5', 'gpt-5.5', undefined],
    ['codex-auto-review', 'codex-auto-review', undefined],
    ['GPT-5.5', 'gpt-5.5', undefined],
    ['gpt-5.5-high', 'gpt-5.5', 'high'],
    ['gpt-5.5_xhigh', 'gpt-5.5', 'xhigh'],
    ['gpt-5.5:none', 'gpt-5.5', 'none'],
    ['codex/gpt-6.1-sol:ultra', 'gpt-6.1-sol', 'ultra'],
    ['gpt-5.5-max', 'gpt-5.5', 'max'],
    ['gpt-7-max', 'gpt-7-max', undefined],
    ['gpt-7-max-max', 'gpt-7-max', 'max'],
    ['house-high', 'house-high', undefined],
    ['openrouter/openai/gpt-5.5', 'gpt-5.5', undefined],
    ['azure/gpt-5.5-low', 'gpt-5.5', 'low'],
    ['codex-gpt-5.5:high', 'gpt-5.5', 'high'],
  ])('%s means the listed model %s with effort %s', (name, slug, effort) => {
    expect(read(name)).toEqual({ slug, effort, state: 'listed' });
  });

  it.each([
    ['gpt-5', 'gpt-5', undefined],
    ['gpt-5.1-codex-max', 'gpt-5.1-codex-max', undefined],
    ['codex/gpt-5.1-codex-max-high', 'gpt-5.1-codex-max', 'high'],
    ['gpt-5.4-mini', 'gpt-5.4-mini', undefined],
    ['gpt-5-codex-max', 'gpt-5-codex-max', undefined],
    ['codex-mini-latest', 'codex-mini-latest', undefined],
    ['gpt-5.1_low', 'gpt-5.1', 'low'],
  ])('%s is the retired %s with effort %s', (name, slug, effort) => {
    expect(read(name)).toEqual({ slug, effort, state: 'retired' });
  });

  it.each([
    ['gpt-5', 'gpt-5.1', undefined],
    ['gpt-5-mini', 'gpt-5.1', undefined],
    ['gpt-5-nano-high', 'gpt-5.1', 'high'],
    ['gpt-5.1-chat-latest', 'gpt-5.1', undefined],
    ['gpt-5-codex', 'gpt-5.1-codex', undefined],
    ['gpt-5-codex-max', 'gpt-5.1-codex-max', undefined],
    ['gpt-5-codex-mini', 'gpt-5.1-codex-mini', undefined],
    ['codex-mini-latest', 'gpt-5.1-codex-mini', undefined],
  ])('%s means %s where the account still has that', (name, slug, effort) => {
    expect(readModelName(name, (candidate) => candidate === slug)).toEqual({ slug, state: 'listed', effort });
  });

  it.each([
    ['gpt-9', 'gpt-9', undefined],
    ['gpt-9-high', 'gpt-9', 'high'],
    ['gpt-9-max', 'gpt-9-max', undefined],
    ['gpt-5.3-codex-spark', 'gpt-5.3-codex-spark', undefined],
    ['codex/', 'codex/', undefined],
    ['vendor/gpt-9', 'vendor/gpt-9', undefined],
    ['vendor/gpt-5.5', 'vendor/gpt-5.5', undefined],
    ['gpt-6.1-solzzz/gpt-5.5-high', 'gpt-6.1-solzzz/gpt-5.5', 'high'],
    ['gpt-6.1-sol/gpt-5.5', 'gpt-6.1-sol/gpt-5.5', undefined],
    ['GPT-9-High', 'GPT-9', 'high'],
  ])('%s that nobody knows goes out as %s with effort %s', (name, slug, effort) => {
    expect(read(name)).toEqual({ slug, effort, state: 'unknown' });
  });
});
