import { openPolicy, type Principal } from '../kernel/principal';
import { GatewayError } from '../kernel/errors';
import { type ModelGroups, type Route } from '../routing/model-groups';
import { type ModelFacts, mayUse } from '../keys/model-access';
import { type RouteCaller, type RouteWishes } from '../routing/try-plan';
import { type UpstreamCall } from '../upstream/upstream';
import { type Call, type CallWishes } from './call';
import { withinPolicy } from './call-policy';

/**
 * Who calls, in the words of routing.
 *
 * @param limited of `limitedName`: in whose books the call is entered. What has books of its own cannot stand in.
 */
export function routeCaller({ context }: Call, groups: ModelGroups, limited: string | undefined): RouteCaller {
  const { principal, userAgent } = context;
  const mayStandIn = async (requested: string, route: Route): Promise<boolean> => {
    if (principal === undefined) return true;
    if (!mayUse(principal, requested, await modelFacts(principal, route, groups))) return false;
    const own = await limitedName(principal, route, groups);
    return own === undefined || own === limited;
  };
  return {
    keyHash: principal?.keyHash ?? '',
    principal,
    teamId: principal?.teamId,
    tags: principal?.policy.tags ?? [],
    deployments: principal?.policy.deployments,
    disableFallbacks: principal?.policy.disableFallbacks ?? false,
    isAdmin: isAdmin(principal),
    userAgent,
    mayUse: mayStandIn,
  };
}

/** What rules may call the models of a route. */
export async function modelFacts({ policy }: Principal, route: Route, groups: ModelGroups): Promise<ModelFacts> {
  const names = policy.modelRules.length === 0 ? [] : await groups.namesOf(route);
  return { names, isFreeName: true, accessGroups: [...groups.table.accessGroupsOf(route.modelGroup)] };
}

/** Name of the caller's limits of single models that hold for a route; undefined when none do. */
export async function limitedName(
  principal: Principal,
  route: Route,
  groups: ModelGroups,
): Promise<string | undefined> {
  return groups.meantBy(new Set(principal.modelScopes.keys()), route, principal.teamId);
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
  const policy = context.principal?.policy ?? openPolicy;
  const { fallbacks, ...rest } = policy.forcedModel === undefined ? wishes : withoutFallbacks(wishes);
  if (fallbacks === undefined) return rest;
  const own = fallbacks.map(({ model, client }) =>
    client === undefined || call.kind === 'native'
      ? { model }
      : { model, call: { ...call, request: withinPolicy(client, policy).canonical, isWire: false } },
  );
  return { ...rest, fallbacks: own };
}

/** A key with one model for everything is not led to others by its own requests. */
function withoutFallbacks(wishes: CallWishes): CallWishes {
  const led = new Set(['fallbacks', 'contextWindowFallbacks', 'contentPolicyFallbacks']);
  return Object.fromEntries(Object.entries(wishes).filter(([name]) => !led.has(name)));
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
