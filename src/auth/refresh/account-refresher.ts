import { type Clock } from '../../kernel/clock';
import { type AccessToken } from '../access-tokens';
import { deadLogin, loginNotReady } from './account-state';
import { type LoginAccount } from './login-account';
import { type CycleEnd, type RefreshCycle } from './refresh-cycle';
import { type RefreshReason } from './token-endpoint';

/** Between two questions whether somebody else has finished, milliseconds; a notice comes sooner. */
const askAgainMs = 250;
/** After a forced refresh the next one waits, so that a revoked account is not refreshed in a loop. */
const forcedPauseMs = 60_000;
/** A file is looked at again after so long. */
const lookAgainMs = 1_000;

/** What a refresher needs of the world. */
export interface RefresherParts {
  readonly cycle: RefreshCycle;
  readonly clock: Clock;
  /** Time that all users of the state agree on, Unix milliseconds. */
  readonly nowMs: () => number;
  readonly refreshWaitMs: number;
  /** Told of what should not happen; the account goes on. */
  readonly onBug: (error: unknown) => void;
}

/** After something that should not happen, milliseconds. */
const bugPauseMs = 5_000;

/** Decides when an account is refreshed and what its callers get meanwhile. One refresh at a time in this process. */
export class AccountRefresher {
  private pursuit: Promise<void> | undefined;
  private end: CycleEnd | undefined;
  private endOf: string | undefined;
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private forcedAtMs = Number.NEGATIVE_INFINITY;
  private wakers: (() => void)[] = [];

  constructor(
    readonly account: LoginAccount,
    private readonly parts: RefresherParts,
  ) {}

  get isRefreshing(): boolean {
    return this.pursuit !== undefined;
  }

  /** How the last try for the held token ended. */
  get lastEnd(): CycleEnd | undefined {
    return this.endOf === this.account.login?.access ? this.end : undefined;
  }

  /**
   * The token that needs no thought: known, looked at a moment ago, and far from its end. A login without a file needs no
   * look: the state tells of every change.
   */
  usable(): AccessToken | undefined {
    const { times, login } = this.account;
    if (times === undefined || (this.account.isFile && this.isLookDue())) return undefined;
    return this.parts.nowMs() < times.refreshAtMs ? login?.token : undefined;
  }

  /** @throws {GatewayError} 503 when there is no valid token and none came in time. */
  async obtain(): Promise<AccessToken> {
    await this.look();
    const { login, times, fault } = this.account;
    if (login === undefined || times === undefined) throw fault ?? this.refusal();
    const nowMs = this.parts.nowMs();
    if (nowMs < times.refreshAtMs) return login.token;
    if (nowMs < times.closeAtMs) {
      this.refreshSoon();
      return login.token;
    }
    if (this.mayTry(nowMs)) await this.wait('proactive_expiry');
    const current = this.account.login;
    const endsAtMs = this.account.times?.endsAtMs ?? 0;
    if (current === undefined) throw this.account.fault ?? this.refusal();
    if (this.parts.nowMs() >= endsAtMs) throw this.refusal();
    return current.token;
  }

  /** File or state, at most once a second while it is asked for; a file that holds nothing yet, whenever it is asked for. */
  async look(): Promise<void> {
    if (!this.isLookDue()) return;
    await this.account.lookAgain();
    this.lookedAtMs = this.parts.nowMs();
  }

  /** Upstream refused this token: re-read, then refresh once. @returns whether there is another one now. */
  async rejected(token: AccessToken): Promise<boolean> {
    if (this.isRenewed(token)) return true;
    await this.account.lookAgain();
    if (this.isRenewed(token)) return true;
    const nowMs = this.parts.nowMs();
    const { login } = this.account;
    const rotatedAtMs = login?.rotatedBy === 'gateway' ? login.rotatedAtMs : Number.NEGATIVE_INFINITY;
    const isPausing = nowMs < Math.max(this.forcedAtMs, rotatedAtMs) + forcedPauseMs && this.pursuit === undefined;
    if (login === undefined || isPausing || !this.mayTry(nowMs)) return false;
    this.forcedAtMs = nowMs;
    await this.wait('unauthorized_recovery');
    return this.isRenewed(token);
  }

  /** Looks at state and file and refreshes when it is time, whether or not anybody asks for the token. */
  async tick(): Promise<void> {
    await this.account.readState();
    await this.look();
    const { times } = this.account;
    if (times !== undefined && this.parts.nowMs() >= times.refreshAtMs) this.refreshSoon();
  }

  /** The state of this account may have changed. */
  async notice(): Promise<void> {
    await this.account.readState();
    this.wake();
  }

  /** Something changed: whoever waits for another process asks again now. */
  wake(): void {
    for (const wake of this.wakers.splice(0)) wake();
  }

  /** The file changed. */
  forgetLook(): void {
    this.lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Settles when no refresh is under way; what could not be kept yet is tried once more, since memory ends with the process. */
  async idle(): Promise<void> {
    await this.pursuit;
    if (this.account.isUnsaved) await this.account.lookAgain();
  }

  private isRenewed(token: AccessToken): boolean {
    const bearer = this.account.login?.token.bearer;
    return bearer !== undefined && bearer !== token.bearer;
  }

  /** A clock that went back counts as time gone by. */
  private isLookDue(): boolean {
    if (this.account.isFile && this.account.bearer === undefined) return true;
    const sinceMs = this.parts.nowMs() - this.lookedAtMs;
    return sinceMs >= lookAgainMs || sinceMs < 0;
  }

  private mayTry(nowMs: number): boolean {
    if (this.pursuit !== undefined) return true;
    if (this.account.isDead(nowMs)) return false;
    const end = this.lastEnd;
    return end === undefined || end.kind === 'renewed' || (end.kind !== 'dead' && nowMs >= end.untilMs);
  }

  private refreshSoon(): void {
    if (this.mayTry(this.parts.nowMs())) void this.pursue('proactive_expiry');
  }

  /** Waits for the result as long as a request may; the refresh itself goes on whatever becomes of its callers. */
  private async wait(reason: RefreshReason): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.parts.refreshWaitMs);
    });
    await Promise.race([this.pursue(reason), late]);
    clearTimeout(timer);
  }

  private pursue(reason: RefreshReason): Promise<void> {
    this.pursuit ??= this.untilEnd(reason).finally(() => {
      this.pursuit = undefined;
    });
    return this.pursuit;
  }

  private async untilEnd(reason: RefreshReason): Promise<void> {
    const giveUpMs = this.parts.clock.monotonicMs() + this.parts.refreshWaitMs;
    const due = this.account.login?.access;
    for (;;) {
      // What came while it waited may have been taken from the state already: a fresh token is not due.
      const isOver = this.account.login?.access !== due;
      const end: CycleEnd = isOver ? { kind: 'renewed' } : await this.cycle(reason);
      this.end = end;
      this.endOf = this.account.login?.access;
      const leftMs = giveUpMs - this.parts.clock.monotonicMs();
      if (end.kind !== 'waiting' || leftMs <= 0) break;
      await this.woken(Math.min(askAgainMs, leftMs));
    }
    // Waiting for another process is no reason to hold the next try back.
    if (this.end.kind === 'waiting') this.end = undefined;
  }

  /** Nobody may be waiting, so nothing may be thrown. */
  private async cycle(reason: RefreshReason): Promise<CycleEnd> {
    try {
      return await this.parts.cycle.run(this.account, reason);
    } catch (error) {
      this.parts.onBug(error);
      return { kind: 'failing', untilMs: this.parts.nowMs() + bugPauseMs, code: 'internal' };
    }
  }

  private async woken(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private refusal(): Error {
    const { account } = this;
    const nowMs = this.parts.nowMs();
    const end = this.lastEnd;
    const record = account.view?.record;
    if (account.isDead(nowMs) && record !== undefined) {
      const code = record.failureCode === '' ? 'refresh_uncertain' : record.failureCode;
      return deadLogin(account.home, code, record.failureAdvice);
    }
    if (account.login === undefined && record !== undefined && record.sealed !== '') {
      return deadLogin(account.home, 'unsealable', 'login_again');
    }
    if (end?.kind === 'dead') return deadLogin(account.home, end.code, end.advice);
    if (end?.kind === 'failing') return loginNotReady(account.home, end.untilMs - nowMs, end.code);
    return loginNotReady(account.home, 1_000);
  }
}
