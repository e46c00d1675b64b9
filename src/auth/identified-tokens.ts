import { type GatewayError, upstreamAuthenticationFailed } from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type AccessToken } from './access-tokens';
import { type TokenIdentity } from './token-identity';

/** How long a question that nobody could answer is not asked again, milliseconds. */
const unansweredPauseMs = 10_000;
/** The same after a refusal: such a token stays dead, but an admin's change should not need a restart of ours. */
const refusedPauseMs = 300_000;

/** What `at-…` access tokens lead to, asked once for each token while it works. */
export class IdentifiedTokens {
  private readonly known = new Map<string, Promise<AccessToken>>();

  constructor(private readonly identity: TokenIdentity) {}

  /**
   * @param name the credential's, for the operator; the token itself is never shown.
   * @throws {GatewayError} 503: with `Retry-After` when the login server gave no answer, without when it refused the token.
   */
  get(name: string, accessToken: string): Promise<AccessToken> {
    const known = this.known.get(accessToken);
    if (known !== undefined) return known;
    const asked = this.identity.identify(accessToken).then(
      ({ accountId, isFedramp }) => ({ bearer: accessToken, accountId, isFedramp }),
      (error: unknown) => {
        const pauseMs = isRefusal(error) ? refusedPauseMs : unansweredPauseMs;
        setTimeout(() => {
          if (this.known.get(accessToken) === asked) this.known.delete(accessToken);
        }, pauseMs).unref();
        throw unidentified(name, error);
      },
    );
    this.known.set(accessToken, asked);
    return asked;
  }

  /** The next `get` asks again: the upstream did not accept the token. */
  forget(accessToken: string): void {
    this.known.delete(accessToken);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof UpstreamFailure && (error.kind === 'unauthorized' || error.kind === 'workspace_refused');
}

function unidentified(name: string, cause: unknown): GatewayError {
  if (isRefusal(cause)) {
    return upstreamAuthenticationFailed(
      `The login server refused the access token of credential '${name}': it was revoked, has expired, or its workspace no longer allows it. A workspace admin has to make a new one, and the gateway's operator has to put it into CODEX_ACCESS_TOKEN or the credential's access_token.`,
    );
  }
  const why = cause instanceof UpstreamFailure ? cause.message : 'The login server did not answer.';
  return upstreamAuthenticationFailed(
    `Whose the access token of credential '${name}' is could not be asked just now. ${why}`,
    unansweredPauseMs,
  );
}
