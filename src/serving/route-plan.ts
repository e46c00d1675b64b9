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
 * @param limited of `limitedNames`: in whose books the call is entered. What has other books of its own cannot stand in.
 * @param cover sets aside what a group that stands in may cost; throws when nobody can pay for it.
 */
export function routeCaller(
  { context }: Call,
  groups: ModelGroups,
  limited: readonly string[],
  cover: (route: Route) => Promise<void>,
): RouteCaller {
  const { principal, userAgent } = context;
  const isOpen = async (requested: string, route: Route): Promise<boolean> => {
    if (principal === undefined) return true;
    if (!mayUse(principal, requested, await modelFacts(principal, route, groups))) return false;
    if (principal.modelScopes.size === 0) return true;
    const own = await limitedNames(principal, route, groups);
    return own.every((name) => limited.includes(name) || !principal.modelScopes.has(name));
  };
  const mayStandIn = async (requested: string, route: Route): Promise<boolean> => {
    if (!(await isOpen(requested, route))) return false;
    await cover(route);
    return true;
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

/** More books of one model are never needed, and each is looked into at every call. */
const mostNames = 24;

const noAliases: ReadonlyMap<string, readonly string[]> = new Map();

/**
 * Names of the caller's limits of single models that hold for a route, every one of them: who may add a limit of his own
 * must not take another away by it. The first is what the call's row is filed under, so where limits are for aliases only, the
 * route's group goes before them.
 *
 * @throws {GatewayError} 403 when one model has more of them than a call can be entered in.
 */
export async function limitedNames(
  { modelScopes, limitedAliases = noAliases, teamId }: Principal,
  route: Route,
  groups: ModelGroups,
): Promise<readonly string[]> {
  const meant = await groups.meantBy(new Set([...modelScopes.keys(), ...limitedAliases.keys()]), route, teamId);
  const own = meant.filter((name) => modelScopes.has(name));
  const names = [...new Set([...own, ...meant.flatMap((name) => limitedAliases.get(name) ?? [])])];
  if (names.length > mostNames) throw tooManyLimits(route.requestedModel);
  return own.length > 0 || names.length === 0 ? names : [route.modelGroup, ...names];
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

function tooManyLimits(model: string): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'too_many_model_limits',
    message: `Key and team limit the model '${model}' under more than ${mostNames} names. Take some of them away.`,
    author: 'key',
    shouldRetry: false,
  });
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
