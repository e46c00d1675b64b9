import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** What a route is for, in the words of `allowed_routes`: `llm_api_routes` and so on. `public` asks for no key. */
export type RouteKind = 'llm_api' | 'info' | 'management' | 'public';

/**
 * Which roles may call a route: `admins` change everything, `readers` are admins and admin viewers, `makers` are all but
 * the viewers. Where `makers` or `everyone` may call, the route itself holds them to what is their own.
 */
export type RouteRoles = 'everyone' | 'makers' | 'readers' | 'admins';

/** How the key guard treats a route. */
export interface RouteRule {
  readonly kind: RouteKind;
  readonly roles: RouteRoles;
  /** Open to every key, whatever its `allowed_routes` say: what a holder asks about itself. */
  readonly always: boolean;
}

/** Metadata key that the key guard looks for. */
export const routeRule = 'codex-gateway:route';

/** A route that nobody classified: closed to all but admins. A test keeps it from being shipped. */
export const unclassified: RouteRule = { kind: 'management', roles: 'admins', always: false };

/**
 * Classifies a route, or all routes of a controller. Every route has one.
 *
 * @param options of management routes `roles` are `admins` unless said otherwise, of others `everyone`.
 */
export function RouteGroup(kind: RouteKind, options: Partial<Omit<RouteRule, 'kind'>> = {}): CustomDecorator {
  const roles = kind === 'management' ? 'admins' : 'everyone';
  return SetMetadata(routeRule, { kind, roles, always: false, ...options } satisfies RouteRule);
}
