import { type Deployment } from '../config/deployment';
import { type CanonicalRequest, type JsonObject } from '../protocol/canonical/canonical-request';
import { valueAsWire } from '../protocol/wire/wire-json';
import { type CanonicalCall } from './upstream';

/** Defaults that the canonical request has under the same name. */
const sameName = [
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'include',
  'prompt_cache_key',
  'service_tier',
] as const satisfies readonly (keyof CanonicalRequest)[];
/** Chat spellings that become a member of an object. */
const nested = ['reasoning_effort', 'reasoning', 'verbosity', 'text'] as const;
/** Names of the output cap: a request that carries one of them has set it. */
const outputCaps = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'] as const;
const placed: ReadonlySet<string> = new Set([...sameName, ...nested, 'response_format']);

/**
 * The request with the parameters that its deployment sets for requests without them.
 * Sampling defaults are left out for Codex, which takes none: nobody asked for them, so nothing is to be reported.
 */
export function withDefaults({ request, isWire }: Asked, deployment: Deployment): CanonicalRequest {
  if (Object.keys(deployment.defaults).length === 0) return request;
  const { provider } = deployment;
  const defaults = isWire ? valueAsWire(deployment.defaults) : deployment.defaults;
  const merged: JsonObject = { ...request };
  for (const name of sameName) merged[name] ??= defaults[name];
  const reasoning = reasoningOf(request, defaults);
  if (reasoning !== undefined) merged['reasoning'] = reasoning;
  const text = textOf(request, defaults);
  if (text !== undefined) merged['text'] = text;
  if (provider === 'openai') merged['sampling'] = samplingOf(request, defaults);
  for (const name of Object.keys(merged)) {
    // The type says absent, not undefined.
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- own keys of an object made just above
    if (merged[name] === undefined) delete merged[name];
  }
  return merged as unknown as CanonicalRequest;
}

type Asked = Pick<CanonicalCall, 'request' | 'isWire'>;
type Defaults = Deployment['defaults'];

function reasoningOf({ reasoning }: CanonicalRequest, defaults: Defaults): JsonObject | undefined {
  const own = objectIn(defaults['reasoning']);
  const effort = defaults['reasoning_effort'] ?? own?.['effort'];
  // A caller that says nothing of reasoning is shown its summary, as without any default.
  const asked = reasoning ?? { summary: own?.['summary'] ?? 'auto' };
  if (asked['effort'] !== undefined || typeof effort !== 'string') return reasoning;
  return { ...asked, effort };
}

function textOf({ text }: CanonicalRequest, defaults: Defaults): JsonObject | undefined {
  const own = objectIn(defaults['text']);
  const verbosity = text?.['verbosity'] ?? defaults['verbosity'] ?? own?.['verbosity'];
  const format = text?.['format'] ?? own?.['format'];
  const merged: JsonObject = { ...text };
  if (verbosity !== undefined) merged['verbosity'] = verbosity;
  if (format !== undefined) merged['format'] = format;
  return Object.keys(merged).length === 0 ? undefined : merged;
}

function samplingOf({ sampling }: CanonicalRequest, defaults: Defaults): JsonObject | undefined {
  const merged: JsonObject = { ...sampling };
  const capped = outputCaps.some((name) => merged[name] !== undefined);
  for (const [name, value] of Object.entries(defaults)) {
    const isSecondCap = capped && (outputCaps as readonly string[]).includes(name);
    if (!placed.has(name) && !isSecondCap) merged[name] ??= value;
  }
  return Object.keys(merged).length === 0 ? undefined : merged;
}

function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
