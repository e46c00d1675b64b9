import { type CallPolicy } from '../kernel/principal';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { effortUnder, inputUnder } from '../protocol/effort-ceiling';
import { isJsonObject } from '../protocol/json-guards';
import { type NativeRequest } from '../upstream/upstream';

type Ceilings = Pick<CallPolicy, 'maxEffort' | 'serviceTier'>;

/** The name a request is routed by: the key's own alias for it, or the one model that answers everything of this key. */
export function routedName(policy: CallPolicy, requested: string): string {
  return policy.forcedModel ?? policy.modelAliases.get(requested) ?? requested;
}

/** A request with what its key may not ask for taken back; the same one when nothing has to change. */
export function withinPolicy(client: ClientRequest, policy: Ceilings): ClientRequest {
  if (policy.serviceTier === undefined) return client;
  const { service_tier: asked, ...rest } = client.canonical;
  const tier = allowedTier(policy, asked);
  if (tier === asked) return client;
  return { ...client, canonical: tier === undefined ? rest : { ...rest, service_tier: tier } };
}

/**
 * The same for a Codex CLI's own body. Under a ceiling it is always written anew: of an effort that is given twice the upstream
 * might take the other one. Without one only a tier that is too much has it rewritten.
 */
export function nativeWithinPolicy(native: NativeRequest, policy: Ceilings): NativeRequest {
  if (policy.maxEffort === undefined && policy.serviceTier === undefined) return native;
  const body: unknown = JSON.parse(native.body.toString('utf8'));
  if (!isJsonObject(body)) return native;
  const reasoning = isJsonObject(body['reasoning']) ? body['reasoning'] : {};
  const effort = effortUnder(policy.maxEffort, textOf(reasoning['effort']));
  const tier = allowedTier(policy, textOf(body['service_tier']));
  const held = { ...native, effortCeiling: policy.maxEffort };
  if (policy.maxEffort === undefined && tier === textOf(body['service_tier'])) return held;
  const rest = { ...body };
  delete rest['service_tier'];
  const { input } = body;
  const changed = {
    ...rest,
    ...(Array.isArray(input) ? { input: inputUnder(policy.maxEffort, input as readonly unknown[]) } : {}),
    ...(effort === undefined ? {} : { reasoning: { ...reasoning, effort } }),
    ...(tier === undefined ? {} : { service_tier: tier }),
  };
  return { ...held, body: Buffer.from(JSON.stringify(changed)) };
}

/** The tier a request is sent with; undefined: none. */
function allowedTier({ serviceTier }: Ceilings, asked: string | undefined): string | undefined {
  if (serviceTier === undefined) return asked;
  return serviceTier === 'priority' ? serviceTier : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
