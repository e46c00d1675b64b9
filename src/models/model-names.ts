/** Provider prefixes that people write before a model name, longest first. */
const providerPrefixes = ['codex-oauth/', 'codex_oauth/', 'chatgpt/', 'openai/', 'codex/'] as const;
/** Written with a dash by some tools; only a prefix when what follows is a model. */
const dashPrefix = 'codex-';

/** Names that never were slugs of their own → the slug they meant (protocol 6.4). */
const aliases: ReadonlyMap<string, string> = new Map([
  ['gpt-5-codex-max', 'gpt-5.1-codex-max'],
  ['codex-mini-latest', 'gpt-5.1-codex-mini'],
  ['gpt-5-mini', 'gpt-5.1'],
  ['gpt-5-nano', 'gpt-5.1'],
  ['gpt-5.1-chat-latest', 'gpt-5.1'],
]);

/** Slugs that ChatGPT accounts can no longer use (protocol 6.3). An account whose catalog still lists one keeps it. */
const retired: ReadonlySet<string> = new Set([
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

const effortSuffix = /^(.+)[-_:](none|minimal|low|medium|high|xhigh|max|ultra)$/;

/** What a requested name says. */
export interface NamedModel {
  /** Slug in the catalog, a retired slug, or the name as it came when nobody knows it. */
  readonly slug: string;
  readonly state: 'listed' | 'retired' | 'unknown';
  /** Effort of the suffix. */
  readonly effort: string | undefined;
}

/**
 * Takes a name apart: provider prefix, alias, effort suffix. A slug of the catalog always wins over taking it apart.
 *
 * @param isListed whether the account's catalog has this slug.
 */
export function readModelName(name: string, isListed: (slug: string) => boolean): NamedModel {
  const bare = withoutPrefix(name.trim());
  const whole = known(bare, isListed) ?? dashed(bare, isListed);
  if (whole !== undefined) return { ...whole, effort: undefined };
  const suffix = effortSuffix.exec(bare.toLowerCase());
  const [stem, effort] = [suffix?.[1], suffix?.[2]];
  if (stem === undefined || effort === undefined) return { slug: bare, state: 'unknown', effort: undefined };
  const model = known(stem, isListed) ?? dashed(stem, isListed);
  if (model !== undefined) return { ...model, effort };
  // `-max` ends the names of models too: of one that nobody knows it is not taken away.
  if (effort === 'max') return { slug: bare, state: 'unknown', effort: undefined };
  return { slug: bare.slice(0, stem.length), state: 'unknown', effort };
}

type Known = Pick<NamedModel, 'slug' | 'state'>;

function known(name: string, isListed: (slug: string) => boolean): Known | undefined {
  const lower = name.toLowerCase();
  const listed = [name, lower, aliases.get(lower)].find((slug) => slug !== undefined && isListed(slug));
  if (listed !== undefined) return { slug: listed, state: 'listed' };
  return retired.has(lower) || aliases.has(lower) ? { slug: lower, state: 'retired' } : undefined;
}

function dashed(name: string, isListed: (slug: string) => boolean): Known | undefined {
  return name.startsWith(dashPrefix) ? known(name.slice(dashPrefix.length), isListed) : undefined;
}

function withoutPrefix(name: string): string {
  const prefix = providerPrefixes.find((candidate) => name.startsWith(candidate) && name.length > candidate.length);
  return prefix === undefined ? name : name.slice(prefix.length);
}
