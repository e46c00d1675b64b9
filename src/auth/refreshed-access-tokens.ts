import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Credential } from '../config/deployment';
import { type AccessToken, AccessTokens } from './access-tokens';
import { AccountNews } from './account-news';
import { bearerOf } from './refresh/held-login';
import { type FileLogin } from './login-files';
import { IdentifiedTokens } from './identified-tokens';
import { type AccountRefresher } from './refresh/account-refresher';
import { expiredLogin, type AccountState } from './refresh/account-state';
import { homeKeyOf, isLoginHome, type LoginHome } from './refresh/login-home';
import { RefresherFactory } from './refresh/refresher-factory';
import { stateOfLogin } from './refresh/account-condition';
import { TokenIdentity } from './token-identity';

/** What a credential is at a moment. */
export interface CredentialLook {
  /** Another one as soon as the credential was renewed or replaced. */
  readonly mark: string;
  /** Another one as soon as it is somebody else's; undefined while nobody can say. */
  readonly owner: string | undefined;
}

/** Between two looks at every account in the background, milliseconds. */
const tickMs = 5_000;
/** Soon after the start, so that a login which ran out while the gateway was down is renewed before it is needed. */
const firstTickMs = 250;

/**
 * Valid access tokens for every credential: logins, in files or under a name in the state, are refreshed in time, over all
 * replicas, whether they are used or not; `at-…` tokens are matched to their account; API keys are passed on.
 */
@Injectable()
export class RefreshedAccessTokens extends AccessTokens implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly refreshers = new Map<string, AccountRefresher>();
  private readonly credentials = new Map<string, Credential>();
  private readonly apiKeys = new Map<string, AccessToken>();
  private readonly plainTokens = new WeakMap<FileLogin, AccessToken>();
  private readonly identified: IdentifiedTokens;
  private readonly news: AccountNews;
  private readonly endings: (() => void)[] = [];
  private readonly watches = new Map<string, () => void>();
  /** No longer named by the settings, and perhaps in the middle of a token call. */
  private readonly leaving = new Set<AccountRefresher>();
  private timer: NodeJS.Timeout | undefined;
  private ticking = false;
  /** Every file was looked at: before that a login that is not known yet would pass for one that is not there. */
  private hasLooked = false;

  constructor(
    private readonly factory: RefresherFactory,
    identity: TokenIdentity,
  ) {
    super();
    this.identified = new IdentifiedTokens(identity);
    this.news = new AccountNews(factory.logger, factory.observer);
  }

  override async forCredential(credential: Credential): Promise<AccessToken> {
    const { source } = credential;
    if (isLoginHome(source)) {
      const refresher = this.refreshers.get(homeKeyOf(source)) ?? this.watch(credential, source);
      return refresher.usable() ?? this.fromLogin(credential, refresher);
    }
    if (source.kind === 'access_token') return this.identified.get(credential.name, source.token);
    const known = this.apiKeys.get(source.key);
    if (known !== undefined) return known;
    const token = { bearer: source.key, accountId: undefined, isFedramp: false };
    this.apiKeys.set(source.key, token);
    return token;
  }

  override async rejected(credential: Credential, token: AccessToken): Promise<boolean> {
    const { source } = credential;
    if (source.kind === 'access_token') this.identified.forget(source.token);
    if (!isLoginHome(source)) return false;
    const refresher = this.refreshers.get(homeKeyOf(source)) ?? this.watch(credential, source);
    const { account } = refresher;
    if (account.plain === undefined) return refresher.rejected(token);
    await account.lookAgain();
    this.identified.forget(token.bearer);
    const { bearer } = account;
    return bearer !== undefined && bearer !== token.bearer;
  }

  /** Every credential that this process knows, for people: no token, no address. */
  accountStates(): readonly AccountState[] {
    const logins = [...this.refreshers.values()].map((refresher) => this.stateOf(refresher));
    const others = [...this.credentials.values()].flatMap(({ name, source }) =>
      isLoginHome(source) ? [] : [{ ...noState, id: idOf(source.kind, name), names: [name], kind: source.kind }],
    );
    return [...logins, ...others];
  }

  /** By name, how every credential looks now. Holds secrets: to be compared, never to be shown. */
  looks(): ReadonlyMap<string, CredentialLook> {
    return new Map([...this.credentials.values()].map(({ name, source }) => [name, this.lookOf(source)]));
  }

  /** Whether no login can be renewed now, for want of the state. */
  get isStateUnavailable(): boolean {
    return this.factory.isStateUnavailable;
  }

  /** Whether every login was looked at since the start: before that each passes for one that is not there. */
  get areAccountsKnown(): boolean {
    return this.hasLooked;
  }

  /** Looks at every login and at the state now, refreshes nothing, and tells the log what is wrong. Never fails. */
  async lookNow(): Promise<readonly AccountState[]> {
    const looks = [...this.refreshers.values()].map(async (refresher) => {
      await refresher.account.readState();
      await refresher.look();
    });
    await Promise.all(looks).catch(this.factory.onBug);
    this.tell();
    return this.accountStates();
  }

  onApplicationBootstrap(): void {
    this.know(this.factory.credentials());
    this.endings.push(this.factory.onChange((id) => void this.notice(id)));
    this.endings.push(
      this.factory.onCredentials((credentials) => {
        this.know(credentials);
        this.forgetOthers(credentials);
      }),
    );
    this.schedule(firstTickMs);
  }

  /** Lets a token call that is under way end and be kept: its answer is the only copy of a login. */
  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const end of [...this.endings.splice(0), ...this.watches.values()]) end();
    await Promise.all([...this.refreshers.values(), ...this.leaving].map((refresher) => refresher.idle()));
  }

  private know(credentials: readonly Credential[]): void {
    for (const credential of credentials) {
      this.credentials.set(credential.name, credential);
      if (isLoginHome(credential.source)) this.watch(credential, credential.source);
    }
  }

  /** Logins that the settings name no more are neither renewed nor shown; a renewal that is under way goes on to its end. */
  private forgetOthers(credentials: readonly Credential[]): void {
    const names = new Set(credentials.map(({ name }) => name));
    for (const name of this.credentials.keys()) if (!names.has(name)) this.credentials.delete(name);
    const homes = new Set(credentials.flatMap(({ source }) => (isLoginHome(source) ? [homeKeyOf(source)] : [])));
    for (const [key, refresher] of this.refreshers) {
      if (homes.has(key)) continue;
      this.refreshers.delete(key);
      this.watches.get(key)?.();
      this.watches.delete(key);
      this.leaving.add(refresher);
      void refresher.idle().finally(() => this.leaving.delete(refresher));
    }
  }

  private watch(credential: Credential, home: LoginHome): AccountRefresher {
    this.credentials.set(credential.name, credential);
    const known = this.refreshers.get(homeKeyOf(home));
    if (known !== undefined) return known;
    const refresher = this.factory.refresherFor(home, credential.name);
    this.refreshers.set(homeKeyOf(home), refresher);
    if (home.kind === 'auth_file') {
      const stop = this.factory.watchFile(home.path, () => {
        refresher.forgetLook();
      });
      this.watches.set(homeKeyOf(home), stop);
    }
    return refresher;
  }

  private async fromLogin(credential: Credential, refresher: AccountRefresher): Promise<AccessToken> {
    await refresher.look();
    const { plain, name } = refresher.account;
    if (plain === undefined) return refresher.obtain();
    if (plain.personalToken !== undefined) return this.identified.get(credential.name, plain.personalToken);
    if (plain.expiresAtMs !== undefined && plain.expiresAtMs <= this.factory.nowMs()) {
      throw expiredLogin(name, plain.expiresAtMs);
    }
    const known = this.plainTokens.get(plain);
    if (known !== undefined) return known;
    const token = { bearer: bearerOf(plain) ?? '', accountId: plain.accountId, isFedramp: plain.isFedramp };
    this.plainTokens.set(plain, token);
    return token;
  }

  private async notice(id: string | undefined): Promise<void> {
    // The lane is free again, perhaps for another account.
    for (const refresher of this.refreshers.values()) refresher.wake();
    const touched = [...this.refreshers.values()].filter(({ account }) => id === undefined || account.id === id);
    await Promise.all(touched.map((refresher) => refresher.notice())).catch(this.factory.onBug);
    if (this.hasLooked) this.news.tell(this.accountStates());
  }

  private schedule(ms: number): void {
    this.timer = setTimeout(() => {
      this.schedule(tickMs);
      void this.tick();
    }, ms).unref();
  }

  private async tick(): Promise<void> {
    if (this.ticking) return;
    this.ticking = true;
    try {
      await Promise.all([...this.refreshers.values()].map((refresher) => refresher.tick()));
      this.tell();
    } catch (error) {
      this.factory.onBug(error);
    } finally {
      this.ticking = false;
    }
  }

  private tell(): void {
    this.hasLooked = true;
    this.news.tell(this.accountStates());
  }

  private lookOf(source: Credential['source']): CredentialLook {
    if (!isLoginHome(source)) {
      const secret = source.kind === 'access_token' ? source.token : source.key;
      return { mark: secret, owner: secret };
    }
    const { plain, login } = this.refreshers.get(homeKeyOf(source))?.account ?? {};
    if (plain !== undefined) return { mark: plain.fingerprint, owner: plain.accountId ?? plain.fingerprint };
    if (login === undefined) return { mark: '', owner: undefined };
    const { generation, expiresAtMs, rotatedAtMs, fingerprint, token } = login;
    return { mark: [generation, expiresAtMs, rotatedAtMs, fingerprint].join(' '), owner: token.accountId };
  }

  private stateOf(refresher: AccountRefresher): AccountState {
    const key = homeKeyOf(refresher.account.home);
    const names = [...this.credentials.values()].flatMap(({ name, source }) =>
      isLoginHome(source) && homeKeyOf(source) === key ? [name] : [],
    );
    return stateOfLogin(refresher, names, this.factory.nowMs());
  }
}

const noState: Omit<AccountState, 'id' | 'names' | 'kind'> = {
  plan: undefined,
  accountDigest: undefined,
  expiresAtMs: undefined,
  generation: 0,
  lastRefreshMs: undefined,
  rotatedBy: '',
  rotatedById: '',
  state: 'ok',
  advice: undefined,
};

/** Of what the configuration calls it, since a secret of the operator's is not to be digested. */
function idOf(kind: string, name: string): string {
  return createHash('sha256').update(`${kind} ${name}`).digest('hex').slice(0, 32);
}
