/** Characters of a value; who shows it may show less. */
const longest = 4_096;
/** A key that somebody put where a word belongs. Words are kept in ledger, reports and metrics, so it must not become one. */
export const keyShape = /\bsk-[A-Za-z0-9_-]{16,}/;

/** Texts, numbers and truth values by the path at which they were found. */
export type PlainValues = Readonly<Record<string, string | number | boolean>>;

/** Undefined where there is none of these paths, for example `team.cost_centre`; a value that looks like a key is none. */
export function plainValuesAt(value: unknown, paths: readonly string[]): PlainValues | undefined {
  const found = paths.flatMap((path): readonly (readonly [string, string | number | boolean])[] => {
    const plain = plainAt(value, path);
    return plain === undefined ? [] : [[path, plain]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** One of them. */
export function plainAt(value: unknown, path: string): string | number | boolean | undefined {
  let found = value;
  for (const step of path.split('.')) found = memberOf(found, step);
  if (typeof found === 'string') return found.length > longest || keyShape.test(found) ? undefined : found;
  return typeof found === 'number' || typeof found === 'boolean' ? found : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Record<string, unknown>)[name] : undefined;
}
