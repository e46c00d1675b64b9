import { authenticationFailed, GatewayError } from '../kernel/errors';

/** The same words for every wrong key, so that guessing learns nothing. */
const wrongKey =
  'Authentication Error, Invalid api key passed in. Check the key, or ask the operator of this gateway for one.';

/** 401: unknown, malformed and deleted keys alike. */
export function unknownKey(): GatewayError {
  return authenticationFailed(wrongKey);
}

/** 401: the key is switched off. */
export function keyBlocked(): GatewayError {
  return authenticationFailed(
    'Authentication Error, Key is blocked. The operator of this gateway can open it again with POST /key/unblock.',
  );
}

/** 401: the key is past its time. @param masked shows which key, not the key. Unix milliseconds. */
export function keyExpired(masked: string, expiresMs: number, nowMs: number): GatewayError {
  const [expired, now] = [expiresMs, nowMs].map((moment) => new Date(moment).toISOString());
  return new GatewayError({
    status: 401,
    type: 'expired_key',
    code: 'expired_api_key',
    message: `Authentication Error - Expired Key. Key Expiry time ${expired ?? ''} and current time ${now ?? ''}. Ask the operator of this gateway for a new one.`,
    param: masked,
    author: 'key',
    shouldRetry: false,
  });
}

/** 401: the key's team is switched off. */
export function teamBlocked(teamId: string): GatewayError {
  return authenticationFailed(
    `Authentication Error, Team=${teamId} is blocked. The operator of this gateway can open it again with POST /team/unblock.`,
  );
}

/** 401: the key belongs to a team that is not there, so nobody knows what it may. */
export function teamMissing(teamId: string): GatewayError {
  return authenticationFailed(
    `Authentication Error, Team=${teamId} of this key does not exist. Ask the operator of this gateway for another key.`,
  );
}

/** 401: what the key is held to is not there, so nobody knows what it may. @param kind who points to the budget. */
export function budgetMissing(kind: string, budgetId: string): GatewayError {
  return authenticationFailed(
    `Authentication Error, the budget '${budgetId}' of the ${kind} of this key does not exist. The operator of this gateway can make it with POST /budget/new, or give another one with POST ${updateOf(kind)}.`,
  );
}

/** 401: something of the key's holder is stored in a form that cannot be used, so nobody knows what it may. */
export function unreadable(kind: string, fields: readonly string[]): GatewayError {
  return authenticationFailed(
    `Authentication Error, '${fields.join("', '")}' of the ${kind} of this key cannot be used as stored. The operator of this gateway can set it again with POST ${updateOf(kind)}.`,
  );
}

function updateOf(kind: string): string {
  return kind === 'member' ? '/team/member_update' : `/${kind}/update`;
}

/** 401: the key is of a team, and its user is no member of it any more. */
export function memberMissing(teamId: string): GatewayError {
  return authenticationFailed(
    `Authentication Error, the user of this key is no member of Team=${teamId}. An admin of the team can add it with POST /team/member_add.`,
  );
}

/** 403: the caller's address is not one the key may be used from. */
export function networkDenied(address: string): GatewayError {
  return forbidden(
    'network_not_allowed',
    `Access forbidden: this key may not be used from ${address}. Ask the operator of this gateway to allow the network.`,
  );
}

/** 403: nobody may use a key from there. */
export function addressDenied(address: string): GatewayError {
  return forbidden(
    'network_not_allowed',
    `Access forbidden: IP address ${address} not allowed. The operator of this gateway names the networks that are (allowed_ips).`,
  );
}

/** 403: neither role nor key allow the route. @param reason begins in lower case. */
export function routeDenied(route: string, reason: string): GatewayError {
  return forbidden(
    'route_not_allowed',
    `Authentication Error, this key is not allowed to call this route: ${route}; ${reason}.`,
  );
}

/** 403: nobody may call the route with a key. */
export function routeClosed(route: string): GatewayError {
  return forbidden(
    'route_not_allowed',
    `Access forbidden: Route ${route} not allowed. The operator of this gateway names the routes that are (general_settings.allowed_routes).`,
  );
}

/** 429: this address sent too many wrong keys. A right key is never refused for it. */
export function tooManyFailures(retryAfterMs: number): GatewayError {
  return new GatewayError({
    status: 429,
    type: 'throttling_error',
    code: 'too_many_failed_keys',
    message: 'Too many wrong api keys came from this address. Wait, then send a valid key.',
    author: 'gateway',
    retryAfterMs,
  });
}

function forbidden(code: string, message: string): GatewayError {
  return new GatewayError({ status: 403, type: 'auth_error', code, message, author: 'key', shouldRetry: false });
}
