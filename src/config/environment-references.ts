import { type EnvSource } from './env.schema';
import { type FileValue, fileValueOf, fileVariableOf } from './secret-files';
import { type KeyPath } from './yaml-source';

const prefix = 'os.environ/';

/** A file whose `os.environ/NAME` texts are replaced. */
export interface ResolvedReferences {
  readonly value: unknown;
  /** References to variables that are not set; their value became null. */
  readonly missing: readonly Missing[];
}

/** A reference that led nowhere. */
export interface Missing {
  readonly path: KeyPath;
  readonly variable: string;
  /** For example `is not set`. */
  readonly why: string;
}

/**
 * Replaces `os.environ/NAME` wherever it is a whole text value; inside a longer text it stays as it is, as in LiteLLM. The
 * value of a variable that is not set, or empty, may lie in the file that `NAME_FILE` names.
 */
export function resolveReferences(value: unknown, environment: EnvSource): ResolvedReferences {
  const missing: Missing[] = [];
  const resolve = (inner: unknown, path: KeyPath): unknown => {
    if (Array.isArray(inner)) return inner.map((item, index) => resolve(item, [...path, index]));
    if (typeof inner === 'object' && inner !== null) {
      return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, resolve(item, [...path, key])]));
    }
    if (typeof inner !== 'string' || !inner.startsWith(prefix)) return inner;
    const variable = inner.slice(prefix.length).trim();
    const { value: found, fault } = valueOf(variable, environment);
    if (found !== undefined) return found;
    missing.push({
      path,
      variable: fault === undefined ? variable : fileVariableOf(variable),
      why: fault ?? 'is not set',
    });
    return null;
  };
  return { value: resolve(value, []), missing };
}

/** The variable itself, else what its file holds: an empty one counts as absent where there is a file to look into. */
function valueOf(variable: string, environment: EnvSource): Partial<FileValue> {
  const value = Object.hasOwn(environment, variable) ? environment[variable] : undefined;
  if (value !== undefined && value.trim() !== '') return { value };
  return fileValueOf(environment, variable) ?? (value === undefined ? {} : { value });
}
