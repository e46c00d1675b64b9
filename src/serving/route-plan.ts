import { type Principal } from '../kernel/principal';
import { GatewayError } from '../kernel/errors';
import { type ModelGroups } from '../routing/model-groups';
import { type ModelFacts, mayUse } from '../keys/model-access';
import { type RouteCaller, type RouteWishes } from '../routing/try-plan';
import { type UpstreamCall } from '../upstream/upstream';
import { type Call } from './call';

/** Who calls, in the words of routing. */
export function routeCaller({ context }: Call, groups: ModelGroups): RouteCaller {
  const { principal, userAgent } = context;
  return {
    keyHash: principal?.keyHash ?? '',
    principal,
    teamId: principal?.teamId,
    tags: principal?.policy.tags ?? [],
    deployments: principal?.policy.deployments,
    disableFallbacks: principal?.policy.disableFallbacks ?? false,
    isAdmin: isAdmin(principal),
    userAgent,
    mayUse: (requested, modelGroup) =>
      principal === undefined || mayUse(principal, requested, modelFacts(groups, modelGroup)),
  };
}

/** The further names of a model that rules may speak of. */
export function modelFacts(groups: ModelGroups, modelGroup: string): ModelFacts {
  return { names: [modelGroup], accessGroups: [...groups.table.accessGroupsOf(modelGroup)] };
}

/**
 * What the request wants, in the words of routing.
 *
 * @param call what is asked of the model that the request names; its fallbacks may ask something else.
 * @throws {GatewayError} 403 for a switch that is there for those who test the gateway.
 */
export function routeWishes({ wishes, context }: Call, call: UpstreamCall): RouteWishes {
  if (wishes === undefined) return {};
  const isTest = wishes.pretend !== undefined || wishes.mockResponse !== undefined;
  if (isTest && !isAdmin(context.principal)) throw forAdmins();
  const { fallbacks, ...rest } = wishes;
  if (fallbacks === undefined) return rest;
  const own = fallbacks.map(({ model, client }) =>
    client === undefined || call.kind === 'native'
      ? { model }
      : { model, call: { ...call, request: client.canonical, isWire: false } },
  );
  return { ...rest, fallbacks: own };
}

function isAdmin(principal: Principal | undefined): boolean {
  return principal?.role === 'proxy_admin';
}

function forAdmins(): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'not_allowed',
    message:
      'The fields mock_testing_*, mock_timeout and mock_response pretend an answer and are open to admin keys only.',
    author: 'key',
    shouldRetry: false,
  });
}
