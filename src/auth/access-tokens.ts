import { type Credential } from '../config/deployment';

/** What an upstream call needs of a login; valid now. Never logged. */
export interface AccessToken {
  readonly bearer: string;
  /** `chatgpt-account-id`; undefined for API keys. */
  readonly accountId: string | undefined;
  readonly isFedramp: boolean;
}

/** Port of AuthModule: a valid token for a credential, renewed in time behind the same call. */
export abstract class AccessTokens {
  /** @throws {GatewayError} 503 `upstream_authentication_error` that says what the operator has to do. */
  abstract forCredential(credential: Credential): Promise<AccessToken>;

  /** Upstream answered 401 for this token: forget it, re-read, refresh. @returns whether another try makes sense. */
  abstract rejected(credential: Credential, token: AccessToken): Promise<boolean>;
}
