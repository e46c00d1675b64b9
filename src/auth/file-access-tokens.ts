import { Injectable } from '@nestjs/common';
import { type Credential, type CredentialSource } from '../config/deployment';
import { Clock } from '../kernel/clock';
import { GatewayError, upstreamAuthenticationFailed } from '../kernel/errors';
import { type AccessToken, AccessTokens } from './access-tokens';
import { type StoredLogin } from './auth-file';
import { LoginFile } from './login-file';
import { type Identity, TokenIdentity } from './token-identity';

/** How long a failed question for an identity is not asked again, milliseconds. */
const identityPauseMs = 10_000;

interface KnownLogin {
  readonly login: StoredLogin;
  readonly token: AccessToken;
}

/**
 * Access tokens as the CLI left them on disk, or as settings name them. Does not refresh: a login that ran out is a 503
 * until somebody renews the file.
 */
@Injectable()
export class FileAccessTokens extends AccessTokens {
  private readonly files = new Map<string, LoginFile>();
  private readonly tokens = new Map<LoginFile, KnownLogin>();
  private readonly identities = new Map<string, Promise<AccessToken>>();

  constructor(
    private readonly clock: Clock,
    private readonly identity: TokenIdentity,
  ) {
    super();
  }

  async forCredential(credential: Credential): Promise<AccessToken> {
    const { source } = credential;
    if (source.kind === 'api_key') return { bearer: source.key, accountId: undefined, isFedramp: false };
    if (source.kind === 'access_token') return this.identified(credential.name, source.token);
    const file = this.fileOf(source);
    const nowMs = this.clock.nowMs();
    const login = file.recent(nowMs) ?? (await file.current(nowMs));
    if (login.personalToken !== undefined) return this.identified(credential.name, login.personalToken);
    return this.tokenOf(file, login, nowMs);
  }

  async rejected(credential: Credential, token: AccessToken): Promise<boolean> {
    const { source } = credential;
    if (source.kind === 'access_token') this.identities.delete(source.token);
    if (source.kind !== 'auth_file') return false;
    const file = this.fileOf(source);
    const nowMs = this.clock.nowMs();
    try {
      const login = await file.fresh(nowMs);
      if (login.personalToken === undefined) return this.tokenOf(file, login, nowMs).bearer !== token.bearer;
      this.identities.delete(token.bearer);
      return login.personalToken !== token.bearer;
    } catch (error) {
      if (error instanceof GatewayError) return false;
      throw error;
    }
  }

  private fileOf({ path }: Extract<CredentialSource, { kind: 'auth_file' }>): LoginFile {
    const known = this.files.get(path);
    if (known !== undefined) return known;
    const file = new LoginFile(path);
    this.files.set(path, file);
    return file;
  }

  private tokenOf(file: LoginFile, login: StoredLogin, nowMs: number): AccessToken {
    if (login.expiresAtMs !== undefined && login.expiresAtMs <= nowMs) throw expired(file.name, login.expiresAtMs);
    const known = this.tokens.get(file);
    if (known?.login === login) return known.token;
    const token = { bearer: bearerOf(login), accountId: login.accountId, isFedramp: login.isFedramp };
    this.tokens.set(file, { login, token });
    return token;
  }

  /** Asks once per token; a refusal is remembered for a while so that a dead token does not become a storm. */
  private identified(name: string, accessToken: string): Promise<AccessToken> {
    const known = this.identities.get(accessToken);
    if (known !== undefined) return known;
    const asked = this.identity.identify(accessToken).then(
      ({ accountId, isFedramp }: Identity) => ({ bearer: accessToken, accountId, isFedramp }),
      (error: unknown) => {
        setTimeout(() => this.identities.delete(accessToken), identityPauseMs).unref();
        throw unidentified(name, error);
      },
    );
    this.identities.set(accessToken, asked);
    return asked;
  }
}

function bearerOf({ accessToken, apiKey }: StoredLogin): string {
  return accessToken ?? apiKey ?? '';
}

function expired(fileName: string, expiresAtMs: number): GatewayError {
  const at = new Date(expiresAtMs).toISOString();
  return upstreamAuthenticationFailed(
    `The ChatGPT login in '${fileName}' expired at ${at}. The gateway's operator has to run \`codex login\` (or any \`codex\` command that renews it) on its host.`,
  );
}

function unidentified(name: string, cause: unknown): GatewayError {
  const why = cause instanceof Error ? cause.message : 'The login server did not answer.';
  return upstreamAuthenticationFailed(
    `The access token of credential '${name}' could not be matched to an account. ${why} The gateway's operator has to check CODEX_ACCESS_TOKEN or the credential's access_token.`,
    identityPauseMs,
  );
}
