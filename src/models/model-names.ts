import {
  aliases,
  dashPrefix,
  effortNames,
  effortSeparators,
  foreignPrefixes,
  providerPrefixes,
  retiredSlugs,
} from './name-tables';

const effortSuffix = new RegExp(`^(.+)[${effortSeparators}](${effortNames.join('|')})$`);

/** What a requested name says. */
export interface NamedModel {
  /** Slug in the catalog, a retired slug, or the name as it came when nobody knows it. */
  readonly slug: string;
  readonly state: 'listed' | 'retired' | 'unknown';
  /** Effort of the suffix. */
  readonly effort: string | undefined;
}

type IsListed = (slug: string) => boolean;
type Known = Pick<NamedModel, 'slug' | 'state'>;

/**
 * Takes a name apart: provider prefix, alias, effort suffix. A slug of the catalog always wins over taking it apart.
 *
 * @param isListed whether the account's catalog has this slug.
 */
export function readModelName(name: string, isListed: IsListed): NamedModel {
  const bare = withoutPrefix(name.trim());
  const read = modelAndEffort(bare, isListed) ?? behindForeignPrefix(bare, isListed);
  if (read !== undefined) return read;
  const [stem, effort] = suffixOf(bare) ?? [];
  // Of a model that nobody knows `-max` is not taken away: it may well be part of the name.
  if (stem === undefined || effort === 'max') return { slug: bare, state: 'unknown', effort: undefined };
  return { slug: stem, state: 'unknown', effort };
}

/** Names under which the price of a Codex model may be found: as it is written, then without prefix and effort. */
export function priceNamesOf(written: string, isPriced: IsListed): readonly string[] {
  const { slug } = readModelName(written, isPriced);
  return slug === written ? [written] : [written, slug];
}

function modelAndEffort(name: string, isListed: IsListed): NamedModel | undefined {
  const whole = known(name, isListed) ?? dashed(name, isListed);
  if (whole !== undefined) return { ...whole, effort: undefined };
  const [stem, effort] = suffixOf(name) ?? [];
  if (stem === undefined) return undefined;
  const model = known(stem, isListed) ?? dashed(stem, isListed);
  return model === undefined ? undefined : { ...model, effort };
}

/**
 * Behind prefixes of other gateways (`openrouter/openai/gpt-5.5`). Only known ones: before any slash there could otherwise
 * stand the name of a model that a key or a wildcard is open for.
 */
function behindForeignPrefix(name: string, isListed: IsListed): NamedModel | undefined {
  const prefix = foreignPrefixes.find((candidate) => name.startsWith(candidate));
  return prefix === undefined ? undefined : modelAndEffort(withoutPrefix(name.slice(prefix.length)), isListed);
}

function known(name: string, isListed: IsListed): Known | undefined {
  const lower = name.toLowerCase();
  const listed = [name, lower, aliases.get(lower)].find((slug) => slug !== undefined && isListed(slug));
  if (listed !== undefined) return { slug: listed, state: 'listed' };
  return retiredSlugs.has(lower) || aliases.has(lower) ? { slug: lower, state: 'retired' } : undefined;
}

function dashed(name: string, isListed: IsListed): Known | undefined {
  return name.startsWith(dashPrefix) ? known(name.slice(dashPrefix.length), isListed) : undefined;
}

/** The stem keeps its spelling, the effort is told in lower case. */
function suffixOf(name: string): readonly [stem: string, effort: string] | undefined {
  const found = effortSuffix.exec(name.toLowerCase());
  const [stem, effort] = [found?.[1], found?.[2]];
  return stem === undefined || effort === undefined ? undefined : [name.slice(0, stem.length), effort];
}

function withoutPrefix(name: string): string {
  const prefix = providerPrefixes.find((candidate) => name.startsWith(candidate) && name.length > candidate.length);
  return prefix === undefined ? name : name.slice(prefix.length);
}
