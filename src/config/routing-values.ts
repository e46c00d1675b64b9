import { reading, readCount } from './file-values';

/** Model group → the groups that stand in for it, in order. `*` stands for every group without an entry of its own. */
export type FallbackList = ReadonlyMap<string, readonly string[]>;

/** LiteLLM's names for what went wrong, by which counts of retries and of allowed fails are kept. */
export const errorClasses = [
  'BadRequestError',
  'AuthenticationError',
  'TimeoutError',
  'RateLimitError',
  'ContentPolicyViolationError',
  'InternalServerError',
  'ServiceUnavailableError',
  'BadGatewayError',
  'NotFoundError',
] as const;

/** One of `errorClasses`. */
export type ErrorClass = (typeof errorClasses)[number];

/** A number for some classes of errors; `Default` for the others. */
export type CountsByError = ReadonlyMap<ErrorClass | 'Default', number>;

/** How a deployment is chosen. `usage-based-routing-v2` is the same as without `-v2` here. */
export const strategies = [
  'simple-shuffle',
  'least-busy',
  'latency-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
  'cost-based-routing',
  'quota-headroom',
] as const;

/** One of `strategies`. */
export type StrategyName = (typeof strategies)[number];

/** `[{"a": ["b", "c"]}]`, or the same as one map. A single name may stand for a list of one. */
export const fallbackList = reading(readFallbacks, 'must be a list such as [{"model-group": ["other-group"]}]');
/** `{TimeoutErrorRetries: 2, …}`. */
export const retryCounts = reading(
  (value) => readCounts(value, 'Retries'),
  `must be a map of whole numbers under names such as TimeoutErrorRetries and DefaultRetries`,
);
/** `{model-group: {TimeoutErrorRetries: 2, …}}`. */
export const retryCountsByGroup = reading(
  (value) => readMap(value, (counts) => readCounts(counts, 'Retries')),
  'must be a map from model groups to maps such as {TimeoutErrorRetries: 2}',
);
/** `{TimeoutErrorAllowedFails: 2, …}`. */
export const allowedFails = reading(
  (value) => readCounts(value, 'AllowedFails'),
  'must be a map of whole numbers under names such as TimeoutErrorAllowedFails',
);
/** `{model-group: [deployment_affinity, …]}`. */
export const checksByGroup = reading(
  (value) => readMap(value, readNames),
  'must be a map from model groups to lists of checks',
);
/** Regular expressions that compile. */
export const patterns = reading(readPatterns, 'must be a regular expression or a list of them');

function readFallbacks(value: unknown): FallbackList | undefined {
  const maps: readonly unknown[] = Array.isArray(value) ? value : [value];
  const list = new Map<string, readonly string[]>();
  for (const each of maps) {
    const read = readMap(each, readNames);
    if (read === undefined) return undefined;
    for (const [group, names] of read) list.set(group, names);
  }
  return list;
}

function readCounts(value: unknown, ending: 'Retries' | 'AllowedFails'): CountsByError | undefined {
  const known = new Map<string, ErrorClass | 'Default'>(
    [...errorClasses, 'Default' as const].map((name) => [`${name}${ending}`, name]),
  );
  const read = readMap(value, readCount);
  if (read === undefined) return undefined;
  const counts = new Map<ErrorClass | 'Default', number>();
  for (const [name, count] of read) {
    const errorClass = known.get(name);
    if (errorClass === undefined) return undefined;
    counts.set(errorClass, count);
  }
  return counts;
}

/** Entries without a value are passed over; one that cannot be read spoils the map. */
function readMap<T>(value: unknown, read: (entry: unknown) => T | undefined): ReadonlyMap<string, T> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const map = new Map<string, T>();
  for (const [name, entry] of Object.entries(value)) {
    if (entry === null || entry === undefined) continue;
    const meaning = read(entry);
    if (meaning === undefined) return undefined;
    map.set(name, meaning);
  }
  return map;
}

function readNames(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const names = list.filter((name): name is string => typeof name === 'string' && name !== '');
  return names.length === list.length ? names : undefined;
}

function readPatterns(value: unknown): readonly string[] | undefined {
  const sources = readNames(value);
  return sources?.every(compiles) === true ? sources : undefined;
}

function compiles(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}
