import { createHash } from 'node:crypto';
import { type Answer, json } from './answer';
import { bodyObject } from './body';
import { type SeenRequest } from './journal';
import { objectOf, stringOf } from './json';
import { askedOf, type Routed, type World } from './world';

/** `POST /api/accounts/deviceauth/usercode`: a code for a person to type into a browser elsewhere. */
export function userCodeRoute(world: World, seen: SeenRequest): Routed {
  const { devices, scripts } = world;
  const usual = (): Answer => {
    if (!devices.isEnabled) return json(404, { detail: 'Not Found' });
    const body = objectOf(bodyObject(seen.body));
    if (typeof body['client_id'] !== 'string') return json(400, { error: 'invalid_request' });
    const { deviceAuthId, userCode } = devices.begin();
    return json(200, { device_auth_id: deviceAuthId, user_code: userCode, interval: devices.intervalSeconds });
  };
  return { script: scripts.userCode, usual, asked: askedOf(world, seen), isCodex: false };
}

/** `POST /api/accounts/deviceauth/token`: 403 until the person has agreed, then a code for the token endpoint. */
export function deviceTokenRoute(world: World, seen: SeenRequest): Routed {
  const { devices, scripts } = world;
  const usual = (): Answer => {
    const body = objectOf(bodyObject(seen.body));
    const login = devices.find(stringOf(body['device_auth_id']) ?? '', stringOf(body['user_code']) ?? '');
    if (login === undefined) return json(400, { error: 'invalid_request' });
    if (login.state === 'refused') return json(400, { error: 'access_denied' });
    if (login.state === 'waiting') return json(403, { error: 'authorization_pending' });
    const { code, verifier } = devices.grant();
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return json(200, { authorization_code: code, code_challenge: challenge, code_verifier: verifier });
  };
  return { script: scripts.deviceToken, usual, asked: askedOf(world, seen), isCodex: false };
}

/** `POST /oauth/revoke`: kills the login that the refresh token belongs to; unknown ones are fine too (RFC 7009). */
export function revokeRoute(world: World, seen: SeenRequest): Routed {
  const { accounts, scripts } = world;
  const usual = (): Answer => {
    const body = objectOf(bodyObject(seen.body));
    const token = stringOf(body['token']);
    if (token === undefined || typeof body['client_id'] !== 'string') return json(400, { error: 'invalid_request' });
    accounts.revoke(token);
    return json(200, {});
  };
  return { script: scripts.revoke, usual, asked: askedOf(world, seen), isCodex: false };
}
