import { pathToFileURL } from 'node:url';
import { type CanonicalRequest, type JsonObject } from '../protocol/canonical/canonical-request';

/** What a hook may know about the call; no key, no token. */
export interface HookContext {
  readonly requestId: string;
  readonly keyAlias: string | undefined;
  /** Model name as the client asked for it. */
  readonly model: string;
}

/**
 * An operator's extension: a CommonJS or ES module whose exports (or default export) hold any of these functions.
 * A hook that throws fails the request with a 500 that names the hook file, never its message.
 */
export interface CodexHooks {
  /** Changes the official instructions before they go upstream. Must return a non-empty text. */
  readonly prompt?: (instructions: string, slug: string) => string | Promise<string>;
  /** Changes the question in the inner language (a Responses request) before a deployment is chosen. */
  readonly request?: (request: CanonicalRequest, context: HookContext) => CanonicalRequest | Promise<CanonicalRequest>;
  /** Changes or drops (null) one event of the answer, parsed; streams and JSON answers see the same events. */
  readonly response?: (event: JsonObject, context: HookContext) => JsonObject | null;
  /** Hears of every finished request, after its answer is out; what it throws is counted and changes nothing. */
  readonly finished?: (request: JsonObject) => void | Promise<void>;
}

const hookNames = ['prompt', 'request', 'response', 'finished'] as const;

/**
 * Loads the modules named in `codex_hooks`, in order.
 *
 * @throws {Error} naming the file when it cannot be loaded or exports no hook.
 */
export async function loadHooks(paths: readonly string[]): Promise<readonly CodexHooks[]> {
  return Promise.all(paths.map(loadHook));
}

async function loadHook(path: string): Promise<CodexHooks> {
  let loaded: unknown;
  try {
    loaded = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new Error(`codex_hooks: ${path} could not be loaded`, { cause: error });
  }
  const found = candidatesIn(loaded).find((candidate) =>
    hookNames.some((name) => typeof candidate[name] === 'function'),
  );
  if (found === undefined) throw new Error(`codex_hooks: ${path} exports none of ${hookNames.join(', ')}`);
  return found;
}

function candidatesIn(loaded: unknown): JsonObject[] {
  const candidates: JsonObject[] = [];
  for (let current = loaded, depth = 0; isObject(current) && depth < 3; current = current['default'], depth += 1) {
    candidates.push(current);
  }
  return candidates;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}
