import { GatewayError } from '../../kernel/errors';
import { personOf, type Principal } from '../../kernel/principal';

/** Who changes something, and from where. */
export interface Actor {
  readonly principal: Principal;
  /** `command`: a person at the command line, on the gateway's own state. */
  readonly via: 'http' | 'command';
  readonly clientIp?: string;
  readonly requestId?: string;
}

/** May change everything. */
export function isAdmin({ principal }: Actor): boolean {
  return principal.role === 'proxy_admin';
}

/** May see everything. */
export function isReader(actor: Actor): boolean {
  return isAdmin(actor) || actor.principal.role === 'proxy_admin_viewer';
}

/** May see the record of a person: everybody his own. */
export function maySee(actor: Actor, userId: string): boolean {
  return isReader(actor) || personOf(actor.principal) === userId;
}

/** An admin whose key is held to some routes; what is not held must not come out of its hands. */
export function isHeldAdmin({ principal }: Actor): boolean {
  return principal.kind === 'virtual' && principal.policy.allowedRoutes !== undefined;
}

/** 403: the field is not the caller's to set. */
export function fieldDenied(field: string, reason: string): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'field_not_allowed',
    param: field,
    message: `This key may not set '${field}': ${reason}. Ask the operator of this gateway.`,
    author: 'key',
    shouldRetry: false,
  });
}

/** 404 for what is not there and for what the caller may not know of, alike. */
export function notFound(what: string, param: string): GatewayError {
  return new GatewayError({
    status: 404,
    type: 'not_found_error',
    code: 'not_found',
    param,
    message: `No such ${what} is known here, or it is not yours to see.`,
    shouldRetry: false,
  });
}

/** 403: the caller may see it and not change it. */
export function actionDenied(message: string): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'action_not_allowed',
    message,
    author: 'key',
    shouldRetry: false,
  });
}
