/**
 * What is written before, after and in the place of a model's slug: the habits of earlier Codex proxies, as data.
 * `model-names.ts` reads them; nothing else knows these words.
 */

/** Provider prefixes that people write before a model name, longest first. */
export const providerPrefixes: readonly string[] = ['codex-oauth/', 'codex_oauth/', 'chatgpt/', 'openai/', 'codex/'];

/** Written before those, or instead of them, by gateways in front of us; only a prefix when what follows is a model. */
export const foreignPrefixes: readonly string[] = [
  'openrouter/', 'litellm_proxy/', 'litellm/', 'github_copilot/', 'azure/', 'azure_ai/', 'vercel_ai_gateway/',
]; // prettier-ignore

/** Written with a dash by some tools; only a prefix when what follows is a model. */
export const dashPrefix = 'codex-';

/** Efforts that may end a name. `max` ends the names of models too, so it counts only behind a model. */
export const effortNames: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'];

/** What may stand between a model and its effort. */
export const effortSeparators = '-_:';

/** Names that an account may no longer list → the slug they are then looked up as. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ['gpt-5', 'gpt-5.1'],
  ['gpt-5-mini', 'gpt-5.1'],
  ['gpt-5-nano', 'gpt-5.1'],
  ['gpt-5.1-chat-latest', 'gpt-5.1'],
  ['gpt-5-codex', 'gpt-5.1-codex'],
  ['gpt-5-codex-max', 'gpt-5.1-codex-max'],
  ['gpt-5-codex-mini', 'gpt-5.1-codex-mini'],
  ['codex-mini-latest', 'gpt-5.1-codex-mini'],
]);

/** Slugs that ChatGPT accounts can no longer use. An account whose catalog still lists one keeps it. */
export const retiredSlugs: ReadonlySet<string> = new Set([
  'gpt-5',
  'gpt-5-codex',
  'gpt-5-codex-mini',
  'gpt-5.1',
  'gpt-5.1-codex',
  'gpt-5.1-codex-max',
  'gpt-5.1-codex-mini',
  'gpt-5.2',
  'gpt-5.2-codex',
  'gpt-5.3-codex',
  'gpt-5.4',
  'gpt-5.4-mini',
]);
