import { type Principal, type Role } from '../kernel/principal';
import { type RouteRoles, type RouteRule } from './route-group.decorator';

const rolesOf: Readonly<Record<RouteRoles, readonly Role[]>> = {
  everyone: ['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'],
  makers: ['proxy_admin', 'internal_user'],
  readers: ['proxy_admin', 'proxy_admin_viewer'],
  admins: ['proxy_admin'],
};

/** Names of groups in `allowed_routes`, LiteLLM's older one too, and what each opens. */
const groups: ReadonlyMap<string, readonly RouteRule['kind'][]> = new Map([
  ['llm_api_routes', ['llm_api']],
  ['openai_routes', ['llm_api']],
  ['info_routes', ['info']],
  // Who manages must be able to look.
  ['management_routes', ['management', 'info']],
]);

/** Why a holder may not call a route; undefined when it may. `allowed_routes` only ever narrow what the role allows. */
export function routeRefusal(principal: Principal, rule: RouteRule, path: string): string | undefined {
  if (!rolesOf[rule.roles].includes(principal.role))
    return `it needs the role ${rolesOf[rule.roles].join(' or ')}, and this key has ${principal.role}`;
  const allowed = principal.policy.allowedRoutes;
  if (allowed === undefined || rule.always || isNamed(allowed, rule, path)) return undefined;
  return 'allowed_routes of the key do not name it';
}

/** Whether one of `allowed_routes` is a route, a beginning of it, or its group. */
export function isNamed(allowed: readonly string[], rule: RouteRule, path: string): boolean {
  return allowed.some((entry) => groups.get(entry)?.includes(rule.kind) === true || opens(entry, path, rule));
}

/** Routes of models that are served with and without `/v1`, as they begin without it. */
const inTwoSpellings = /^\/(?:chat\/|responses(?:\/|$)|models?(?:\/|$))/;

/** Of these, either spelling in the list opens both; others (Azure's, the CLI's own, `/utils`) are opened by their own paths only. */
function opens(entry: string, path: string, { kind }: RouteRule): boolean {
  if (matches(entry, path)) return true;
  if (kind !== 'llm_api') return false;
  const isVersioned = path.startsWith('/v1/');
  const bare = isVersioned ? path.slice(3) : path;
  return inTwoSpellings.test(bare) && matches(entry, isVersioned ? bare : `/v1${path}`);
}

function matches(entry: string, path: string): boolean {
  return entry.endsWith('/*') ? path.startsWith(entry.slice(0, -1)) : entry === path;
}
