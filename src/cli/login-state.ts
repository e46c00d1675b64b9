import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LoginFiles } from '../auth/login-files';
import { loginOfFile } from '../auth/refresh/held-login';
import { LoginAccount } from '../auth/refresh/login-account';
import { LoginVault } from '../auth/refresh/login-vault';
import { type Settings } from '../config/settings';
import { SystemClock } from '../config/system-clock';
import { type AccountRecord } from '../state/credentials/credential-record';
import { type CredentialStore } from '../state/credentials/credential-store';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { Keyring } from '../state/credentials/keyring';
import { RedisCredentialStore } from '../state/credentials/redis-credential-store';
import { RedisLink } from '../state/redis/redis-link';
import { GatewayLogger } from '../telemetry/logger';

/** The logins that gateways keep beside their files, as a command sees them. */
export class LoginState {
  private readonly vault: LoginVault;

  private constructor(
    settings: Settings,
    private readonly store: CredentialStore,
    private readonly link: RedisLink | undefined,
  ) {
    this.vault = new LoginVault(store, new Keyring(settings), 'command');
  }

  /** Redis when there is one, else the journal of `STATE_DIR`; undefined when no gateway has kept one there yet. */
  static async open(settings: Settings): Promise<LoginState | undefined> {
    const clock = new SystemClock();
    if (settings.redis !== undefined) {
      const link = new RedisLink(settings.redis, settings.times, clock);
      await link.open();
      return new LoginState(settings, new RedisCredentialStore(link), link);
    }
    if (!existsSync(join(settings.stateDir, 'credentials.journal'))) return undefined;
    return new LoginState(settings, new JournalCredentialStore(settings.stateDir, clock), undefined);
  }

  /** @throws {StateUnavailable} as all methods here: Redis is away, or a running gateway has the journal. */
  async record(path: string): Promise<AccountRecord> {
    return (await this.vault.read(this.accountOf(path))).record;
  }

  /** Hands the login in the file to all replicas, which use it from now on. */
  async offer(path: string): Promise<void> {
    const login = loginOfFile(await new LoginFiles().read(path));
    if (login !== undefined) await this.vault.offer(this.accountOf(path), login, 'login');
  }

  /** Drops the login; gateways stop using it at once. */
  async forget(path: string): Promise<void> {
    const account = this.accountOf(path);
    let { generation } = await this.record(path);
    for (let tries = 0; generation > 0 && tries < 3; tries += 1) {
      const view = await this.vault.run(account, { name: 'forget', expectedGeneration: generation });
      if (view.kind !== 'moved') break;
      ({ generation } = view.record);
    }
    await this.vault.announce(account);
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.link?.close();
  }

  private accountOf(path: string): string {
    const logger = new GatewayLogger({ logLevel: 'silent' });
    return new LoginAccount(path, { vault: this.vault, files: new LoginFiles(), logger, random: Math.random }).id;
  }
}
