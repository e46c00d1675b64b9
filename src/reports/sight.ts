import { GatewayError } from '../kernel/errors';
import { personOf, type Principal } from '../kernel/principal';

/** Whose figures somebody may see. */
export type Sight =
  | { readonly kind: 'all' }
  /** What the key itself did and, where it belongs to a person, what all keys of that person did. */
  | { readonly kind: 'own'; readonly keyHash: string; readonly userId?: string };

/** The part of a row or of a daily figure that says whose it is. */
export interface Owned {
  readonly keyHash: string;
  readonly userId?: string | undefined;
}

/** The one place that says who may see what: admins and their viewers all, everybody else only what is their own. */
export function sightOf(principal: Principal): Sight {
  const { role, keyHash } = principal;
  const userId = personOf(principal);
  if (role === 'proxy_admin' || role === 'proxy_admin_viewer') return { kind: 'all' };
  return { kind: 'own', keyHash, ...(userId === undefined ? {} : { userId }) };
}

/** Whether these figures may be shown. */
export function sees(sight: Sight, { keyHash, userId }: Owned): boolean {
  if (sight.kind === 'all' || keyHash === sight.keyHash) return true;
  return sight.userId !== undefined && userId === sight.userId;
}

/** @throws {GatewayError} 403 for a report about everybody. */
export function requireAll(sight: Sight): void {
  if (sight.kind === 'all') return;
  throw notAllowed('see what others spent. GET /v1/usage and /spend/logs show its own figures');
}

/** @throws {GatewayError} 403 unless an admin asks: viewers look, and change nothing. */
export function requireAdmin({ role }: Principal): void {
  if (role !== 'proxy_admin') throw notAllowed('change the books. Use the master key, or a key of an admin');
}

/**
 * Holds a filter to what may be seen: a key that asks for another key or another person is told so, instead of being shown
 * an empty page.
 *
 * @throws {GatewayError} 403
 */
export function requireOwn(sight: Sight, filter: { readonly keyHash?: string; readonly userId?: string }): void {
  if (sight.kind === 'all') return;
  const otherUser = filter.userId !== undefined && filter.userId !== sight.userId;
  // Another key of the same person is decided row by row; without a person only the key itself is left.
  const otherKey = filter.keyHash !== undefined && filter.keyHash !== sight.keyHash && sight.userId === undefined;
  if (otherUser || otherKey) throw notAllowed('see what others spent. Leave out user_id and api_key to see its own');
}

function notAllowed(what: string): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'route_not_allowed',
    message: `This key may not ${what}.`,
    author: 'key',
    shouldRetry: false,
  });
}
