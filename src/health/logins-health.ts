import { Inject, Injectable } from '@nestjs/common';
import { type AccountState } from '../auth/refresh/account-state';
import { RefreshedAccessTokens } from '../auth/refreshed-access-tokens';
import { Clock } from '../kernel/clock';
import { ConfigReload } from '../reload/config-reload';
import { RedisLink } from '../state/redis/redis-link';
import { type FolderState } from './state-folder';

/** What works less well than it should while requests are still served. */
export type Degradation =
  /** The state cannot be used: no login is renewed, no key looked up. */
  | 'state_unavailable'
  /** For the reason that another running gateway has the state folder for itself. */
  | 'state_folder_in_use'
  /** Requests of some credential are refused: it has no login. */
  | 'login_unusable'
  /** A login cannot be renewed any more, or not at the moment; its token is used to the end. */
  | 'login_not_renewed'
  /** A renewed login is in the state only. */
  | 'login_file_not_writable'
  /** The configuration file has faults: the settings from before them serve. */
  | 'config_rejected';

/** How the logins, the state behind them and the settings are, for probes: no name, no path, no token. */
@Injectable()
export class LoginsHealth {
  constructor(
    private readonly tokens: RefreshedAccessTokens,
    private readonly clock: Clock,
    @Inject(RedisLink) private readonly redis: Pick<RedisLink, 'isUp' | 'silentMs'> | undefined,
    private readonly reload: ConfigReload,
  ) {}

  /** How long the shared state has not answered; 0 without any. */
  get stateSilentMs(): number {
    return this.redis?.silentMs ?? 0;
  }

  /** LiteLLM's `cache`; null without Redis. */
  get cache(): 'redis' | 'redis (down)' | null {
    if (this.redis === undefined) return null;
    return this.redis.isUp ? 'redis' : 'redis (down)';
  }

  /** Empty while all is well. */
  degradations(folder: FolderState): readonly Degradation[] {
    const isStateAway = this.tokens.isStateUnavailable || this.redis?.isUp === false || folder !== 'open';
    const found: Degradation[] = isStateAway ? ['state_unavailable'] : [];
    if (folder === 'in_use') found.push('state_folder_in_use');
    found.push(...this.known().flatMap((account) => this.degradationOf(account) ?? []));
    if (this.reload.isRejected) found.push('config_rejected');
    return [...new Set(found)];
  }

  /** Credentials whose requests are refused, by name. */
  unusableCredentials(): ReadonlySet<string> {
    const refused = this.known().filter((account) => this.isRefused(account));
    return new Set(refused.flatMap(({ names }) => names));
  }

  private known(): readonly AccountState[] {
    return this.tokens.areAccountsKnown ? this.tokens.accountStates() : [];
  }

  private degradationOf(account: AccountState): Degradation | undefined {
    if (this.isRefused(account)) return 'login_unusable';
    if (account.state === 'quarantined' || account.state === 'backing_off') return 'login_not_renewed';
    return account.state === 'file_not_writable' ? 'login_file_not_writable' : undefined;
  }

  /** A login that cannot be renewed any more serves until its token ends. */
  private isRefused({ state, expiresAtMs }: AccountState): boolean {
    if (state === 'unusable') return true;
    const isOver = expiresAtMs !== undefined && expiresAtMs <= this.clock.nowMs();
    return isOver && (state === 'quarantined' || state === 'backing_off');
  }
}
