import { randomBytes } from 'node:crypto';
import { type TimeLimits } from '../../config/time-limits';
import { type Clock } from '../../kernel/clock';
import { type AdviceKind } from '../../state/credentials/credential-record';
import { StateUnavailable } from '../../state/state-unavailable';
import { type FailPoints } from './fail-point';
import { type HeldLogin, renewedLogin } from './held-login';
import { type AccountView, type LoginVault } from './login-vault';
import { type RefreshOutcome } from './refresh-outcome';
import { backoffMs } from './refresh-policy';
import { type RefreshReason, type TokenEndpoint } from './token-endpoint';

/** How an attempt to refresh ended. Times are Unix milliseconds. */
export type CycleEnd =
  | { readonly kind: 'renewed' }
  /** Somebody else is at it. */
  | { readonly kind: 'waiting'; readonly untilMs: number }
  /** Not now: the login is used as long as it lasts. */
  | { readonly kind: 'failing'; readonly untilMs: number; readonly code: string }
  /** Not any more. */
  | { readonly kind: 'dead'; readonly code: string; readonly advice: AdviceKind };

/** The account that a cycle works on. */
export interface RefreshedAccount {
  readonly id: string;
  readonly login: HeldLogin | undefined;
  /** Reads the file and adopts what is newer there. */
  lookAgain(): Promise<void>;
  /** The state answered: whatever is newer there counts from now on. */
  take(view: AccountView): void;
  /** The state lost the login that this process holds: it gets it again, unless it knows a younger one. @throws {StateUnavailable} */
  putBack(): Promise<unknown>;
  /** Puts a pair that is kept in the state into the file, where `old` stands; never fails. */
  writeFile(login: HeldLogin, old: HeldLogin): Promise<void>;
  /** A pair that the state could not take: kept in memory and saved as soon as it can be. */
  holdUnsaved(login: HeldLogin, holder: string): void;
}

/** What a cycle needs of the world. */
export interface CycleParts {
  readonly vault: LoginVault;
  readonly endpoint: TokenEndpoint;
  readonly failPoints: FailPoints;
  readonly clock: Clock;
  readonly random: () => number;
  /** Deadline of the token call, and how long one replica alone may refresh. */
  readonly times: Pick<TimeLimits, 'tokenEndpointMs' | 'refreshLeaseMs'>;
  /** Told how each token call of this process ended, and how long it took. */
  readonly told?: (accountId: string, outcome: RefreshOutcome['kind'], durationMs: number) => void;
}

const stateAwayPauseMs = 1_000;

/**
 * One attempt to refresh a login, over all replicas: claim, re-read, say what will be sent, send, keep the answer in the
 * state, then in the file, and only then use it. Whoever dies at any step leaves a record from which the others go on.
 */
export class RefreshCycle {
  private readonly leaseMs: number;

  constructor(private readonly parts: CycleParts) {
    this.leaseMs = Math.max(parts.times.refreshLeaseMs, 3 * parts.times.tokenEndpointMs);
  }

  /** Never throws for what may happen in operation. */
  async run(account: RefreshedAccount, reason: RefreshReason): Promise<CycleEnd> {
    try {
      return await this.attempt(account, reason);
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      // Without the lease nobody refreshes: another replica may be at it.
      return { kind: 'failing', untilMs: this.parts.vault.nowMs() + stateAwayPauseMs, code: 'state_unavailable' };
    }
  }

  private async attempt(account: RefreshedAccount, reason: RefreshReason): Promise<CycleEnd> {
    const before = account.login;
    await account.lookAgain();
    const held = account.login;
    if (held === undefined) return { kind: 'dead', code: 'no_login', advice: 'login_again' };
    if (before !== undefined && held.access !== before.access) return { kind: 'renewed' };
    if (held.generation === 0) throw new StateUnavailable('offline');
    const { vault, failPoints, clock } = this.parts;
    const holder = `${vault.instance}/${randomBytes(6).toString('hex')}`;
    const startedMs = clock.monotonicMs();
    const claim = { name: 'claim', holder, expectedGeneration: held.generation, leaseMs: this.leaseMs } as const;
    const claimed = await vault.run(account.id, claim);
    if (claimed.kind !== 'granted') return this.refused(account, claimed);
    await failPoints.at('after-claim');
    await account.lookAgain();
    if (account.login?.access !== held.access) {
      account.take(await vault.run(account.id, { name: 'release', holder }));
      return { kind: 'renewed' };
    }
    const intent = await vault.run(account.id, { name: 'intend', holder, fingerprint: held.fingerprint });
    account.take(intent);
    if (intent.kind !== 'recorded') return { kind: 'waiting', untilMs: vault.nowMs() };
    await failPoints.at('after-intent');
    return this.send(account, { held, holder, reason, startedMs });
  }

  private async refused(account: RefreshedAccount, view: AccountView): Promise<CycleEnd> {
    const { vault } = this.parts;
    account.take(view);
    switch (view.kind) {
      case 'newer':
        return { kind: 'renewed' };
      case 'behind':
        // The state was emptied or restored from an old copy: this process knows better.
        await account.putBack();
        return { kind: 'waiting', untilMs: vault.nowMs() };
      case 'busy':
      case 'lane_busy':
        return { kind: 'waiting', untilMs: view.untilMs };
      case 'uncertain':
        return { kind: 'failing', untilMs: view.untilMs, code: 'refresh_uncertain' };
      case 'backing_off':
        return { kind: 'failing', untilMs: view.untilMs, code: view.record.backoffCode };
      case 'exhausted':
        return { kind: 'dead', code: 'refresh_uncertain', advice: 'login_again' };
      default:
        return { kind: 'dead', code: view.record.failureCode, advice: view.record.failureAdvice };
    }
  }

  private async send(account: RefreshedAccount, sending: Sending): Promise<CycleEnd> {
    const { held, holder, reason, startedMs } = sending;
    const { endpoint, failPoints, clock, vault } = this.parts;
    const leftMs = this.leaseMs - (clock.monotonicMs() - startedMs);
    // A process that slept through its lease must not send: others may be about to.
    if (leftMs < this.parts.times.tokenEndpointMs)
      return this.failed(account, sending, { kind: 'not_sent', code: 'lease' });
    const sentMs = clock.monotonicMs();
    const answer = endpoint.refresh(held.pair.refreshToken, reason);
    await failPoints.at('after-send');
    const outcome = await answer;
    this.parts.told?.(account.id, outcome.kind, clock.monotonicMs() - sentMs);
    await failPoints.at('after-reply');
    if (outcome.kind !== 'renewed') return this.failed(account, sending, outcome);
    const login = renewedLogin(held, outcome.tokens, { id: vault.instance, nowMs: vault.nowMs() });
    let view: AccountView;
    try {
      view = await this.keep(account, login, holder);
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      await account.writeFile(login, held);
      account.holdUnsaved(login, holder);
      return { kind: 'renewed' };
    }
    await failPoints.at('after-store');
    if (view.login?.access === login.access) await account.writeFile(login, held);
    await failPoints.at('after-file');
    account.take(view);
    await vault.announce(account.id);
    return { kind: 'renewed' };
  }

  /** The only copy of a login must not depend on one lost packet. */
  private async keep(account: RefreshedAccount, login: HeldLogin, holder: string): Promise<AccountView> {
    try {
      return await this.parts.vault.keep(account.id, login, holder);
    } catch (error) {
      if (!(error instanceof StateUnavailable)) throw error;
      return this.parts.vault.keep(account.id, login, holder);
    }
  }

  private async failed(account: RefreshedAccount, sending: Sending, outcome: Failed): Promise<CycleEnd> {
    const { held, holder } = sending;
    const { vault, random } = this.parts;
    if (outcome.kind === 'permanent') {
      // Another program may have rotated this login and left the new one in the file.
      await account.lookAgain();
      if (account.login?.access !== held.access) {
        account.take(await vault.run(account.id, { name: 'release', holder }));
        return { kind: 'renewed' };
      }
    }
    const { record } = await vault.read(account.id);
    const wishMs = outcome.kind === 'transient' ? outcome.retryAfterMs : undefined;
    const view = await vault.run(account.id, {
      name: 'fail',
      holder,
      expectedGeneration: held.generation,
      fate: outcome.kind,
      code: outcome.code,
      advice: outcome.kind === 'permanent' ? outcome.advice : '',
      backoffMs: backoffMs(record.backoffCount, random(), wishMs),
    });
    account.take(view);
    await vault.announce(account.id);
    if (view.kind === 'moved') return { kind: 'renewed' };
    if (outcome.kind === 'permanent') return { kind: 'dead', code: outcome.code, advice: outcome.advice };
    const { intentUntilMs, backoffUntilMs } = view.record;
    return { kind: 'failing', untilMs: Math.max(intentUntilMs, backoffUntilMs), code: outcome.code };
  }
}

type Failed = Exclude<RefreshOutcome, { readonly kind: 'renewed' }>;

interface Sending {
  readonly held: HeldLogin;
  readonly holder: string;
  readonly reason: RefreshReason;
  /** Monotonic milliseconds before the claim. */
  readonly startedMs: number;
}
