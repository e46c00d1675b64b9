import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LoginFiles, type TokenPair } from '../auth/login-files';
import { loginOfFile, loginOfPair } from '../auth/refresh/held-login';
import { accountIdOf, type LoginHome } from '../auth/refresh/login-home';
import { type AccountView, LoginVault } from '../auth/refresh/login-vault';
import { type Settings } from '../config/settings';
import { SystemClock } from '../config/system-clock';
import { type CredentialStore } from '../state/credentials/credential-store';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { Keyring } from '../state/credentials/keyring';
import { RedisCredentialStore } from '../state/credentials/redis-credential-store';
import { type RedisLink } from '../state/redis/redis-link';
import { StateUnavailable } from '../state/state-unavailable';
import { commandLink } from './command-link';

/** Between two tries to keep a new login, milliseconds, and how many there are. */
const keepAgainMs = 1_000;
const mostKeepings = 5;

/** The logins that gateways keep beside their files and under names, as a command sees them. */
export class LoginState {
  private readonly vault: LoginVault;
  private readonly keyring: Keyring;

  private constructor(
    settings: Settings,
    private readonly store: CredentialStore,
    private readonly link: RedisLink | undefined,
  ) {
    this.keyring = new Keyring(settings);
    this.vault = new LoginVault(store, this.keyring, 'command');
  }

  /** Redis when there is one, else the journal of `STATE_DIR`; undefined when no gateway has kept one there yet. */
  static async open(settings: Settings): Promise<LoginState | undefined> {
    const hasNone = settings.redis === undefined && !existsSync(join(settings.stateDir, 'credentials.journal'));
    return hasNone ? undefined : LoginState.openOrMake(settings);
  }

  /** The same, with a new journal where there is none. */
  static async openOrMake(settings: Settings): Promise<LoginState> {
    const clock = new SystemClock();
    if (settings.redis === undefined)
      return new LoginState(settings, new JournalCredentialStore(settings.stateDir, clock), undefined);
    const link = commandLink(settings.redis, settings, clock);
    await link.open();
    return new LoginState(settings, new RedisCredentialStore(link), link);
  }

  /** @throws {StateUnavailable} as all methods here: Redis is away, or a running gateway has the journal. */
  view(home: LoginHome): Promise<AccountView> {
    return this.vault.read(accountIdOf(home));
  }

  /** Makes sure that a login could be kept now; the journal then belongs to this command until `close`. */
  async ready(home: LoginHome): Promise<void> {
    await this.view(home);
    await this.keyring.sealer();
  }

  /**
   * Puts a login that a person just made in the place of whatever is kept there; all replicas use it from now on. It is
   * tried several times, since there is no other copy.
   *
   * @returns false when the login cannot be renewed and so was not kept.
   */
  async keep(home: LoginHome, pair: TokenPair): Promise<boolean> {
    const login = loginOfPair(pair, this.vault.nowMs());
    if (login === undefined) return false;
    for (let tries = 1; ; tries += 1) {
      try {
        const { kind } = await this.vault.offer(accountIdOf(home), login, 'login');
        // After a lost reply the first try may have been the one that was adopted, and nobody was told.
        await this.vault.announce(accountIdOf(home));
        return kind === 'adopted' || kind === 'same';
      } catch (error) {
        if (!(error instanceof StateUnavailable) || tries >= mostKeepings) throw error;
      }
      await pause(keepAgainMs);
    }
  }

  /** Hands the login in the file to all replicas, which use it from now on. */
  async offer(path: string): Promise<void> {
    const login = loginOfFile(await new LoginFiles().read(path));
    if (login !== undefined) await this.vault.offer(accountIdOf({ kind: 'auth_file', path }), login, 'login');
  }

  /** Drops the login; gateways stop using it at once. @returns whether there was one. */
  async forget(home: LoginHome): Promise<boolean> {
    const account = accountIdOf(home);
    const { generation: seen, sealed } = (await this.view(home)).record;
    let generation = seen;
    for (let tries = 0; generation > 0 && tries < 3; tries += 1) {
      const view = await this.vault.run(account, { name: 'forget', expectedGeneration: generation });
      if (view.kind !== 'moved') break;
      ({ generation } = view.record);
    }
    await this.vault.announce(account);
    return sealed !== '';
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.link?.close();
  }
}
