import { randomBytes, randomUUID } from 'node:crypto';
import { authClaim, mintJwt, readClaims } from './jwt';
import { objectOf, stringOf } from './json';

/** What a minted login starts from; everything has a default. */
export interface LoginOptions {
  /** Life left of the access token, negative for an expired one. Default: `Accounts.accessTokenSeconds`. */
  readonly expiresInSeconds?: number;
  readonly accountId?: string;
  readonly plan?: string;
  readonly isFedramp?: boolean;
}

/** A ChatGPT login with its current tokens. */
export interface Login {
  readonly accountId: string;
  readonly userId: string;
  readonly email: string;
  readonly plan: string;
  readonly isFedramp: boolean;
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
  /** Unix seconds at which the access token ends. */
  readonly expiresAt: number;
}

/** What the token endpoint finds out about a presented refresh token. */
export type RefreshVerdict =
  | { readonly kind: 'rotated'; readonly login: Login }
  | { readonly kind: 'reused' | 'expired' | 'invalidated' | 'unknown' };

/** What a backend route finds out about a bearer. */
export type BearerVerdict =
  | { readonly kind: 'valid'; readonly accountId: string | undefined; readonly login: Login | undefined }
  | { readonly kind: 'malformed' | 'expired' | 'invalidated' };

interface Family {
  login: Login;
  readonly used: Set<string>;
  state: 'alive' | 'killed' | 'expired';
}

/** The accounts and tokens of the simulated login service. */
export class Accounts {
  /** Life of access tokens minted from now on; about ten days, as in production. */
  accessTokenSeconds = 864_000;
  /** Whether a reused refresh token also kills its successors. */
  killsFamiliesOnReuse = false;
  private families: Family[] = [];
  private readonly personal = new Map<string, Login>();
  private readonly withdrawn = new Set<string>();

  /** Makes an account with an access, an id and a refresh token. */
  mint(options: LoginOptions = {}): Login {
    const accountId = options.accountId ?? randomUUID();
    const person = {
      accountId,
      userId: `user-${randomBytes(8).toString('hex')}`,
      email: `${accountId.slice(0, 8)}@example.test`,
      plan: options.plan ?? 'plus',
      isFedramp: options.isFedramp ?? false,
    };
    const login = this.withTokens(person, options.expiresInSeconds ?? this.accessTokenSeconds);
    this.families.push({ login, used: new Set(), state: 'alive' });
    return login;
  }

  /** @returns a personal access token (`at-…`) that `/whoami` and the backend know. */
  mintPersonal(options: LoginOptions = {}): { readonly token: string; readonly login: Login } {
    const login = this.mint(options);
    const token = `at-${randomBytes(24).toString('base64url')}`;
    this.personal.set(token, login);
    return { token, login };
  }

  /** The login that a personal access token stands for. */
  ownerOf(personalToken: string): Login | undefined {
    return this.withdrawn.has(personalToken) ? undefined : this.personal.get(personalToken);
  }

  /** From now on the backend answers this access or personal token with 401 `token_invalidated`. */
  expire(accessToken: string): void {
    this.withdrawn.add(accessToken);
  }

  /** From now on the refresh token of the account, whichever is current, is dead. */
  kill(accountId: string, state: 'killed' | 'expired' = 'killed'): void {
    for (const family of this.families) if (family.login.accountId === accountId) family.state = state;
  }

  /** Logout: the refresh token's whole family is dead. */
  revoke(refreshToken: string): void {
    for (const family of this.families) {
      if (family.login.refreshToken === refreshToken || family.used.has(refreshToken)) family.state = 'killed';
    }
  }

  /** The account's tokens after all rotations; undefined when it was never minted here. */
  current(accountId: string): Login | undefined {
    return this.families.find((family) => family.login.accountId === accountId)?.login;
  }

  /** Single use: the presented token is spent, its successor comes back. */
  refresh(refreshToken: string): RefreshVerdict {
    const family = this.families.find(
      (each) => each.login.refreshToken === refreshToken || each.used.has(refreshToken),
    );
    if (family === undefined) return { kind: 'unknown' };
    if (family.state !== 'alive') return { kind: family.state === 'killed' ? 'invalidated' : 'expired' };
    if (family.used.has(refreshToken)) {
      if (this.killsFamiliesOnReuse) family.state = 'killed';
      return { kind: 'reused' };
    }
    family.used.add(refreshToken);
    family.login = this.withTokens(family.login, this.accessTokenSeconds);
    return { kind: 'rotated', login: family.login };
  }

  /** Accepts personal tokens it made and any JWT whose `exp` lies ahead, unless it was withdrawn. */
  judge(bearer: string): BearerVerdict {
    if (this.withdrawn.has(bearer)) return { kind: 'invalidated' };
    if (bearer.startsWith('at-')) {
      const login = this.personal.get(bearer);
      return login === undefined ? { kind: 'malformed' } : { kind: 'valid', accountId: login.accountId, login };
    }
    const claims = readClaims(bearer);
    const expiresAt = claims?.['exp'];
    if (claims === undefined || typeof expiresAt !== 'number') return { kind: 'malformed' };
    if (expiresAt * 1000 <= Date.now()) return { kind: 'expired' };
    const accountId = stringOf(objectOf(claims[authClaim])['chatgpt_account_id']);
    return { kind: 'valid', accountId, login: accountId === undefined ? undefined : this.current(accountId) };
  }

  reset(): void {
    this.accessTokenSeconds = 864_000;
    this.killsFamiliesOnReuse = false;
    this.families = [];
    this.personal.clear();
    this.withdrawn.clear();
  }

  private withTokens(person: Person, seconds: number): Login {
    const { accountId, userId, email, plan, isFedramp } = person;
    const now = Math.floor(Date.now() / 1000);
    const expiresAt = now + seconds;
    const auth = {
      chatgpt_account_id: accountId,
      chatgpt_plan_type: plan,
      chatgpt_user_id: userId,
      chatgpt_account_is_fedramp: isFedramp,
    };
    const inBoth = {
      iss: 'https://auth.openai.com',
      sub: userId,
      iat: Math.min(now, expiresAt - 1),
      [authClaim]: auth,
    };
    const accessToken = mintJwt({
      ...inBoth,
      exp: expiresAt,
      aud: ['https://api.openai.com/v1'],
      client_id: oauthClientId,
      scp: ['openid', 'profile', 'email', 'offline_access'],
      jti: randomUUID(),
      'https://api.openai.com/profile': { email, email_verified: true },
    });
    const idToken = mintJwt({ ...inBoth, exp: now + 3600, aud: [oauthClientId], email, email_verified: true });
    const refreshToken = `rt_${randomBytes(32).toString('base64url')}`;
    return { accountId, userId, email, plan, isFedramp, accessToken, idToken, refreshToken, expiresAt };
  }
}

type Person = Pick<Login, 'accountId' | 'userId' | 'email' | 'plan' | 'isFedramp'>;

/** The public client id that all known tools refresh with. */
const oauthClientId = 'app_EMoamEEZ73f0CkXaXp7hrann';
