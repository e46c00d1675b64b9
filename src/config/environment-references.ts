import { type EnvSource } from './env.schema';
import { type KeyPath } from './yaml-source';

const prefix = 'os.environ/';

/** A file whose `os.environ/NAME` texts are replaced. */
export interface ResolvedReferences {
  readonly value: unknown;
  /** References to variables that are not set; their value became null. */
  readonly missing: readonly { readonly path: KeyPath; readonly variable: string }[];
}

/** Replaces `os.environ/NAME` wherever it is a whole text value; inside a longer text it stays as it is, as in LiteLLM. */
export function resolveReferences(value: unknown, environment: EnvSource): ResolvedReferences {
  const missing: { path: KeyPath; variable: string }[] = [];
  const resolve = (inner: unknown, path: KeyPath): unknown => {
    if (Array.isArray(inner)) return inner.map((item, index) => resolve(item, [...path, index]));
    if (typeof inner === 'object' && inner !== null) {
      return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, resolve(item, [...path, key])]));
    }
    if (typeof inner !== 'string' || !inner.startsWith(prefix)) return inner;
    const variable = inner.slice(prefix.length).trim();
    const found = Object.hasOwn(environment, variable) ? environment[variable] : undefined;
    if (found === undefined) missing.push({ path, variable });
    return found ?? null;
  };
  return { value: resolve(value, []), missing };
}
