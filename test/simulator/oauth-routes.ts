import { type RefreshVerdict } from './accounts';
import { type Answer, json } from './answer';
import { bodyObject } from './body';
import { faults } from './faults';
import { type SeenRequest } from './journal';
import { type JsonObject, objectOf, stringOf } from './json';
import { askedOf, type Routed, type World } from './world';

/** `POST /oauth/token`, JSON or form: every refresh token and every authorization code works once. */
export function tokenRoute(world: World, seen: SeenRequest): Routed {
  world.journal.counts.refreshAttempts += 1;
  return {
    script: world.scripts.oauth,
    usual: () => exchange(world, seen),
    asked: askedOf(world, seen),
    isCodex: false,
  };
}

function exchange(world: World, seen: SeenRequest): Answer {
  const { accounts, journal } = world;
  const body = objectOf(bodyObject(seen.body));
  if (body['grant_type'] === 'authorization_code') return redeem(world, body);
  const refreshToken = stringOf(body['refresh_token']);
  if (body['grant_type'] !== 'refresh_token' || refreshToken === undefined || typeof body['client_id'] !== 'string') {
    return json(400, { error: 'invalid_request' });
  }
  const verdict = accounts.refresh(refreshToken);
  if (verdict.kind === 'rotated') journal.counts.refreshes += 1;
  if (verdict.kind === 'reused') journal.counts.reusedTokens += 1;
  return answerTo(verdict, accounts.accessTokenSeconds);
}

/** The last step of a login with a device code: the code works once, with its verifier, for the page that gave it. */
function redeem({ accounts, devices }: World, body: JsonObject): Answer {
  const code = stringOf(body['code']) ?? '';
  const isOurs =
    typeof body['client_id'] === 'string' && (stringOf(body['redirect_uri']) ?? '').endsWith('/deviceauth/callback');
  if (!isOurs || !devices.redeem(code, stringOf(body['code_verifier']) ?? ''))
    return json(400, { error: 'invalid_grant' });
  return answerTo({ kind: 'rotated', login: accounts.mint() }, accounts.accessTokenSeconds);
}

function answerTo(verdict: RefreshVerdict, expiresIn: number): Answer {
  switch (verdict.kind) {
    case 'rotated':
      return json(200, {
        access_token: verdict.login.accessToken,
        id_token: verdict.login.idToken,
        refresh_token: verdict.login.refreshToken,
        token_type: 'Bearer',
        expires_in: expiresIn,
        scope: 'openid profile email offline_access',
      });
    case 'reused':
      return faults.refreshReused;
    case 'expired':
      return faults.refreshExpired;
    case 'invalidated':
      return faults.refreshInvalidated;
    case 'unknown':
      return faults.refreshTokenExpired;
  }
}

/** `GET …/whoami`: whose personal access token (`at-…`) this is. */
export function whoamiRoute(world: World, seen: SeenRequest): Routed {
  const bearer = (seen.headers['authorization'] ?? '').replace(/^bearer /i, '');
  const usual = (): Answer => {
    const login = world.accounts.ownerOf(bearer);
    if (login === undefined) {
      world.journal.counts.unauthorized += 1;
      return json(401, { detail: 'Unauthorized' });
    }
    return json(200, {
      email: login.email,
      chatgpt_user_id: login.userId,
      chatgpt_account_id: login.accountId,
      chatgpt_plan_type: login.plan,
      chatgpt_account_is_fedramp: login.isFedramp,
    });
  };
  return { script: world.scripts.whoami, usual, asked: askedOf(world, seen), isCodex: false };
}
