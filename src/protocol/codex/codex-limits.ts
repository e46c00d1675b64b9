import { type GatewayError, invalidRequest } from '../../kernel/errors';
import { type CanonicalRequest } from '../canonical/canonical-request';

const hostFields: readonly string[] = ['previous_response_id', 'conversation', 'prompt'];
/** The one thing that the backend adds to an answer on request. */
export const encryptedReasoning = 'reasoning.encrypted_content';
/** Its default under two names, and the tier that some models have. */
const knownTiers: ReadonlySet<string> = new Set(['auto', 'default', 'priority', 'fast']);

/** The field that only a host which stores responses can honour, or undefined. Such a request must not go to Codex. */
export function requiresResponsesHost(request: CanonicalRequest): string | undefined {
  const { sampling, input } = request;
  if (sampling !== undefined) {
    const field = hostFields.find((name) => sampling[name] !== undefined);
    if (field !== undefined) return field;
  }
  const index = input.findIndex((item) => item.type === 'item_reference');
  return index < 0 ? undefined : `input[${index}]`;
}

/** @throws {GatewayError} 400 for a request that leans on something stored upstream: the Codex backend keeps nothing. */
export function assertSelfContained(request: CanonicalRequest): void {
  const field = requiresResponsesHost(request);
  if (field !== undefined) throw needsStorage(field);
}

/** The 400 for what `requiresResponsesHost` found; a reference to an item comes from a client that has its answers stored. */
export function needsStorage(field: string): GatewayError {
  const remedy = field.startsWith('input[')
    ? 'Set `store: false` in your client, so that it sends the items themselves: the full input of the conversation.'
    : 'Send the full input of the conversation instead.';
  return invalidRequest(
    `'${field}' needs a server that stores answers, and the Codex backend stores none. ${remedy}`,
    field,
    'unsupported_parameter',
  );
}

/**
 * What of the fields that would be left out is refused where the operator wants nothing left out; undefined when nothing is.
 * Every OpenAI client may ask for storage and several give each speaker a name; the others are read by the gateway itself,
 * which may even demand them.
 */
export function refusedOf(dropped: readonly string[]): string | undefined {
  return dropped.find((name) => !toldOnly.has(name));
}

const toldOnly: ReadonlySet<string> = new Set(['store', 'user', 'safety_identifier', 'metadata', 'messages.name']);

/** The 400 for a field that would be left out where the operator wants nothing left out. */
export function refusedByCodex(field: string): GatewayError {
  return invalidRequest(
    `Unsupported parameter: '${field}'. The Codex backend refuses it and this gateway runs with drop_params: false; leave it out.`,
    field,
    'unsupported_parameter',
  );
}

/** Fields of the request, in the client's spelling, that the Codex backend refuses whatever the model; sorted. */
export function droppedOnCodex({ sampling, include, service_tier: tier }: CanonicalRequest): readonly string[] {
  const dropped = sampling === undefined ? [] : Object.keys(sampling);
  if (include?.some((field) => field !== encryptedReasoning) === true) dropped.push('include');
  if (tier !== undefined && !knownTiers.has(tier)) dropped.push('service_tier');
  return dropped.sort();
}
