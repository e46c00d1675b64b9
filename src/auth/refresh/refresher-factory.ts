import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { usedCredentials } from '../../config/credentials';
import { type Credential } from '../../config/deployment';
import { type Settings } from '../../config/settings';
import { SettingsChanges } from '../../config/settings-holder';
import { Clock } from '../../kernel/clock';
import { Observer } from '../../kernel/observer';
import { CredentialStore } from '../../state/credentials/credential-store';
import { Keyring } from '../../state/credentials/keyring';
import { GatewayLogger } from '../../telemetry/logger';
import { LoginFiles } from '../login-files';
import { HeardCredentialStore, heardKeyring, StateNews } from '../state-news';
import { AccountRefresher } from './account-refresher';
import { FailPoints } from './fail-point';
import { LoginAccount } from './login-account';
import { type LoginHome } from './login-home';
import { LoginVault } from './login-vault';
import { type RefreshOutcome } from './refresh-outcome';
import { RefreshCycle } from './refresh-cycle';
import { TokenEndpoint } from './token-endpoint';

/** The parts that all accounts of this process share, put together once. */
@Injectable()
export class RefresherFactory {
  private readonly vault: LoginVault;
  private readonly cycle: RefreshCycle;
  private readonly stateNews: StateNews;
  private readonly names = new Map<string, string>();

  // eslint-disable-next-line max-params -- the one place where the rooms meet; everything behind it takes at most four
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly store: CredentialStore,
    keyring: Keyring,
    endpoint: TokenEndpoint,
    failPoints: FailPoints,
    private readonly files: LoginFiles,
    readonly logger: GatewayLogger,
    @Optional() private readonly changes?: SettingsChanges,
    @Optional() readonly observer?: Observer,
  ) {
    this.stateNews = new StateNews(logger, settings);
    const [heardStore, heardKeys] = [
      new HeardCredentialStore(store, this.stateNews),
      heardKeyring(keyring, this.stateNews),
    ];
    this.vault = new LoginVault(
      heardStore,
      heardKeys,
      `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`,
    );
    const { times } = settings;
    const told = this.refreshed;
    this.cycle = new RefreshCycle({ vault: this.vault, endpoint, failPoints, clock, random, times, told });
  }

  /** Credentials that settings name. */
  credentials(): readonly Credential[] {
    return usedCredentials(this.settings);
  }

  /** Told of other credentials when the settings were read anew. */
  onCredentials(listener: (credentials: readonly Credential[]) => void): () => void {
    const end = this.changes?.onChange((now) => {
      listener(usedCredentials(now));
    });
    return () => end?.();
  }

  /** @param name of a credential that uses this login, for people. */
  refresherFor(home: LoginHome, name: string): AccountRefresher {
    const { vault, cycle, clock, files, logger, onBug } = this;
    const account = new LoginAccount(home, { vault, files, logger, random });
    this.names.set(account.id, name);
    const { refreshWaitMs } = this.settings.times;
    return new AccountRefresher(account, { cycle, clock, nowMs: () => this.nowMs(), refreshWaitMs, onBug });
  }

  /** Whether no login can be renewed now, for want of the state. */
  get isStateUnavailable(): boolean {
    return this.stateNews.isUnavailable;
  }

  nowMs(): number {
    return this.store.nowMs();
  }

  onChange(listener: (account: string | undefined) => void): () => void {
    return this.store.onChange(listener);
  }

  watchFile(path: string, onChange: () => void): () => void {
    return this.files.watch(path, onChange);
  }

  private readonly refreshed = (id: string, outcome: RefreshOutcome['kind'], durationMs: number): void => {
    this.observer?.refreshDone({ account: this.names.get(id) ?? id, outcome: outcomeWords[outcome], durationMs });
  };

  readonly onBug = (error: unknown): void => {
    this.logger.event('error', 'looking after a login failed', {
      error: error instanceof Error ? error.name : typeof error,
    });
  };
}

const outcomeWords = {
  renewed: 'renewed',
  permanent: 'refused',
  transient: 'failed',
  not_sent: 'failed',
  uncertain: 'uncertain',
} as const;

const random = (): number => Math.random();
