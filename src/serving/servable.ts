import { invalidRequest, shorten } from '../kernel/errors';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import {
  droppedOnCodex,
  needsStorage,
  refusedByCodex,
  refusedOf,
  requiresResponsesHost,
} from '../protocol/codex/codex-limits';
import { type Route } from '../routing/model-groups';
import { type Call } from './call';

/**
 * The route with the deployments that can serve this call, at least one.
 *
 * @param dropsParams parameters that a deployment does not take are dropped and told, instead of refused.
 * @throws {GatewayError} 400 that names the field; nothing was taken from anyone.
 */
export function servable(call: Call, asked: Route, dropsParams: boolean): Route {
  const route = wantsCompaction(call) ? onlyCodex(asked) : asked;
  if (call.dialect === 'native') return route;
  const field = requiresResponsesHost(call.client.canonical);
  const refused = dropsParams ? undefined : refusedField(call.client);
  if (field === undefined && refused === undefined) return route;
  const deployments = route.deployments.filter(({ provider }) => provider === 'openai');
  if (deployments.length > 0) return { ...route, deployments };
  throw field === undefined ? refusedByCodex(refused ?? 'parameter') : needsStorage(field);
}

function wantsCompaction(call: Call): boolean {
  return call.dialect === 'native'
    ? call.compactionTrigger
    : call.client.canonical.input.at(-1)?.type === 'compaction_trigger';
}

/**
 * The route as far as it can compact a conversation. Any other host would answer the trigger in words, which ends the turn of
 * the CLI that sent it, and has no such answer in one call.
 *
 * @throws {GatewayError} 400 when it cannot.
 */
export function onlyCodex(route: Route): Route {
  const deployments = route.deployments.filter(({ provider }) => provider === 'codex');
  if (deployments.length > 0) return { ...route, deployments };
  // The code whose words a CLI shows, and at which it stops.
  throw invalidRequest(
    `Conversations are compacted by the Codex backend only, and no deployment of '${shorten(route.requestedModel)}' is of that kind. Give the provider in the CLI's configuration another name than OpenAI: it compacts by itself then.`,
    'input',
    'invalid_prompt',
  );
}

function refusedField({ droppedParams, canonical }: ClientRequest): string | undefined {
  return refusedOf(droppedParams) ?? refusedOf(droppedOnCodex(canonical));
}
