import { type GatewayError, invalidRequest } from '../kernel/errors';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { requiresResponsesHost } from '../protocol/codex/codex-limits';
import { type Route } from '../routing/model-groups';
import { type Call } from './call';

/**
 * The route with the deployments that can serve this call, at least one.
 *
 * @param dropsParams parameters that a deployment does not take are dropped and told, instead of refused.
 * @throws {GatewayError} 400 that names the field; nothing was taken from anyone.
 */
export function servable(call: Call, route: Route, dropsParams: boolean): Route {
  if (call.dialect === 'native') return route;
  const field = requiresResponsesHost(call.client.canonical);
  const refused = dropsParams ? undefined : refusedField(call.client);
  if (field === undefined && refused === undefined) return route;
  const deployments = route.deployments.filter(({ provider }) => provider === 'openai');
  if (deployments.length > 0) return { ...route, deployments };
  throw field === undefined ? unsupported(refused ?? 'parameter') : needsStorage(field);
}

function needsStorage(field: string): GatewayError {
  return invalidRequest(
    `'${field}' needs a server that stores answers, and the Codex backend stores none. Send the full input of the conversation instead.`,
    field,
    'unsupported_parameter',
  );
}

function unsupported(field: string): GatewayError {
  return invalidRequest(
    `Unsupported parameter: '${field}'. The Codex backend refuses it and this gateway runs with drop_params: false; leave it out.`,
    field,
    'unsupported_parameter',
  );
}

/** `store` is answered by a header: every OpenAI client may send it, and the answer is the same without. */
function refusedField(client: ClientRequest): string | undefined {
  const dropped = client.droppedParams.find((name) => name !== 'store');
  return dropped ?? Object.keys(client.canonical.sampling ?? {})[0];
}
