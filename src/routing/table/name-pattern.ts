/** A name with one `*` in it, which stands for at least one character. */
export interface NamePattern {
  readonly pattern: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Splits a pattern at its `*`. @param pattern must hold one. */
export function namePattern(pattern: string): NamePattern {
  const star = pattern.indexOf('*');
  return { pattern, prefix: pattern.slice(0, star), suffix: pattern.slice(star + 1) };
}

/** What the `*` stands for in `name`; undefined when the pattern does not fit. */
export function tailOf(name: string, { prefix, suffix }: NamePattern): string | undefined {
  const fits = name.length > prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix);
  return fits ? name.slice(prefix.length, name.length - suffix.length) : undefined;
}

/** Longest first, so that the most specific pattern is met first. Names without a `*` are left out. */
export function patternsOf(names: Iterable<string>): readonly NamePattern[] {
  return [...names]
    .filter((name) => name.includes('*'))
    .map(namePattern)
    .sort((a, b) => b.pattern.length - a.pattern.length);
}
