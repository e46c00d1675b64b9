/** Whom an `at-…` access token belongs to. */
export interface Identity {
  readonly accountId: string;
  readonly isFedramp: boolean;
}

/** Port of `auth`, bound on the upstream floor: asks the login server whose access token this is. */
export abstract class TokenIdentity {
  /** @throws {UpstreamFailure} `unauthorized` when the token is refused, else what kept the server from answering. */
  abstract identify(accessToken: string): Promise<Identity>;
}
