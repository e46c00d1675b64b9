import { type TimeLimits } from '../config/time-limits';
import { type Clock } from '../kernel/clock';
import { GatewayError, modelNotFound } from '../kernel/errors';
import { Memo } from '../kernel/memo';
import { type Observer } from '../kernel/observer';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type UpstreamCall } from '../upstream/upstream';
import { type BoundCalls } from './affinity/bound-calls';
import { type Candidate } from './choice/candidate';
import { type Choice, type Chooser } from './choice/chooser';
import { type GroupRun, orderOf } from './choice/group-run';
import { type Fleet, type OtherWays } from './fleet/fleet';
import { type Lease } from './fleet/lease';
import { pause } from './pause';
import { isAccountOut, retryChoice, type RetryLimits } from './trouble/retry-rule';
import { RetryBudget } from './trouble/retry-budget';
import { fallbackPlan } from './trouble/fallback-plan';

/** What is sent to a deployment in one attempt. */
export interface Attempt {
  readonly candidate: Candidate;
  readonly call: UpstreamCall;
  /** Reasoning items that were left out of the call, because another account had sealed them. */
  readonly reasoningDropped: number;
  readonly lease: Lease;
}

/** Sends one attempt. @throws {UpstreamFailure} or {GatewayError} for one that failed; its lease is ended by the runner. */
export type Send<T> = (attempt: Attempt) => Promise<T>;

/** What the loop works with. */
export interface GroupRunnerParts {
  readonly fleet: Fleet;
  readonly chooser: Chooser;
  readonly boundCalls: BoundCalls;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly times: TimeLimits;
  readonly random: () => number;
}

/** Groups whose budgets are kept; clients choose the names of some, so there is an end to it. */
const mostBudgets = 2_000;

/** Without a first event for so long a deployment is in trouble, whoever waited. */
const tellingMs = 10_000;
const idleTimeoutCode = 'upstream_idle_timeout';

/** The only retry loop of the program: everything above and below it fails at once. */
export class GroupRunner {
  private readonly budgets = new Memo<string, RetryBudget>(mostBudgets);

  constructor(private readonly parts: GroupRunnerParts) {}

  /**
   * Tries the deployments of one group until one answers.
   *
   * @throws {UpstreamFailure} of the last attempt, {GatewayError} when nobody can take the call, or the signal's reason.
   */
  async run<T>(run: GroupRun, send: Send<T>): Promise<T> {
    this.budgetOf(run).called(this.parts.clock.monotonicMs());
    if (run.candidates.length === 0) throw modelNotFound(run.route.requestedModel);
    for (let isFirst = true; ; isFirst = false) {
      const choice = await this.choose(run);
      if (!isFirst) run.trail.repeats += 1;
      const attempt = this.begin(run, choice);
      try {
        return await send(attempt);
      } catch (error) {
        await this.afterFailure(run, attempt, error);
      }
    }
  }

  /** Nobody left after a failure: the failure says more than that. */
  private async choose(run: GroupRun): Promise<Choice> {
    try {
      return await this.parts.chooser.next(run);
    } catch (error) {
      throw run.lastError !== undefined && !run.plan.signal.aborted ? this.lastWord(run, run.lastError) : error;
    }
  }

  private begin(run: GroupRun, { candidate, probed }: Choice): Attempt {
    const { call, dropped } = this.parts.boundCalls.callFor(run, candidate);
    const lease = this.parts.fleet.begin(candidate, probed);
    run.trail.attempts += 1;
    run.plan.onAttempt(candidate.deployment, run.trail.attempts, dropped);
    return { candidate, call, reasoningDropped: dropped, lease };
  }

  /** Returns when there is to be another attempt. @throws the error when there is none. */
  private async afterFailure(run: GroupRun, { candidate, lease }: Attempt, error: unknown): Promise<void> {
    const { signal } = run.plan;
    const failure = signal.aborted ? undefined : failureOf(error);
    if (failure === undefined) {
      lease.end({ succeeded: false });
      signal.throwIfAborted();
      throw error;
    }
    if (!this.isHaste(run, candidate, failure))
      this.parts.fleet.failed(lease, failure, run.settings, otherWays(run, candidate));
    lease.end({ failure, succeeded: false });
    run.lastError = error;
    if (this.parts.boundCalls.recovers(run, failure)) return;
    run.tried.add(candidate.deployment.id);
    if (!(await this.goesOn(run, candidate, failure))) throw this.lastWord(run, error);
  }

  /** Of accounts that are used up, the one that was asked last need not be the one to wait for. */
  private lastWord(run: GroupRun, error: unknown): unknown {
    if (!(error instanceof UpstreamFailure) || error.kind !== 'quota_exhausted') return error;
    const ownMs = error.details.resetAtMs;
    const resetAtMs = ownMs === undefined ? undefined : this.parts.chooser.backAtMs(run);
    if (ownMs === undefined || resetAtMs === undefined || resetAtMs >= ownMs) return error;
    const retryAfterMs = Math.max(resetAtMs - this.parts.clock.nowMs(), 1);
    return new UpstreamFailure({ ...error.details, retryAfterMs, resetAtMs, cause: error });
  }

  /** The request gave the deployment less time than the operator does, and less than says anything of it: it is not to blame. */
  private isHaste({ plan }: GroupRun, { deployment }: Candidate, { kind, details }: UpstreamFailure): boolean {
    const { streamTimeoutMs } = plan.wishes;
    if (kind !== 'timeout' || streamTimeoutMs === undefined || details.code === idleTimeoutCode) return false;
    return streamTimeoutMs < Math.min(deployment.streamTimeoutMs ?? this.parts.times.firstEventMs, tellingMs);
  }

  /** Decides about the next attempt, and waits for it. */
  private async goesOn(run: GroupRun, candidate: Candidate, failure: UpstreamFailure): Promise<boolean> {
    const { chooser, random } = this.parts;
    if (hasOwnFallbacks(run, failure)) return false;
    const limits = this.limitsFor(run, candidate);
    const outlook = chooser.outlook(run, candidate);
    const staysHome = run.home === candidate.account && outlook.sameIsUp && run.retries + 1 < limits.retries;
    const fresh = staysHome ? 0 : outlook.fresh;
    const choice = retryChoice(
      failure,
      limits,
      { retries: run.retries, moves: run.moves, fresh, sameIsUp: outlook.sameIsUp },
      random,
    );
    if (choice.kind === 'stop') return this.nextLevel(run, candidate, failure);
    if (run.home === candidate.account && !staysHome && outlook.fresh > 0) run.hasLeftHome = true;
    if (choice.kind === 'move') {
      run.moves += 1;
      return true;
    }
    if (!this.takesRetry(run, candidate, failure, choice.waitMs)) return false;
    run.retries += 1;
    await pause(choice.waitMs, run.plan.signal);
    return true;
  }

  /** The tries of one level of `order` are over; the next one has its own. */
  private nextLevel(run: GroupRun, candidate: Candidate, failure: UpstreamFailure): boolean {
    if (!failure.retryable || failure.kind === 'client_gone') return false;
    if (this.limitsFor(run, candidate).retries === 0) return false;
    const order = this.parts.chooser.nextOrder(run, orderOf(candidate));
    if (order === undefined) return false;
    if (!isAccountOut(failure) && !this.takesRetry(run, candidate, failure, 0)) return false;
    run.leastOrder = order;
    run.hasLeftHome = true;
    run.retries = 0;
    return true;
  }

  private takesRetry(run: GroupRun, { deployment }: Candidate, failure: UpstreamFailure, waitMs: number): boolean {
    if (!this.budgetOf(run).take(this.parts.clock.monotonicMs())) return false;
    const { label: modelLabel } = run.route;
    this.parts.observer.retried({ modelLabel, deploymentId: deployment.id, failure: failure.kind, waitMs });
    return true;
  }

  /** Request before deployment before router; a request that says so itself asks no policy. */
  private limitsFor(run: GroupRun, { deployment }: Candidate): RetryLimits {
    const { settings, plan, route } = run;
    const { retryBackoffMs, longestRetryPauseMs } = this.parts.times;
    const own = plan.wishes.numRetries;
    return {
      retries: own ?? deployment.routing?.numRetries ?? settings.numRetries,
      policy:
        own === undefined ? (settings.groupRetryPolicies.get(route.modelGroup) ?? settings.retryPolicy) : undefined,
      backoffMs: retryBackoffMs,
      longestMs: longestRetryPauseMs,
      leastMs: settings.retryAfterMs,
    };
  }

  private budgetOf({ route, settings }: GroupRun): RetryBudget {
    const known = this.budgets.get(route.modelGroup);
    if (known !== undefined) return known;
    const budget = new RetryBudget(settings.retryBudget);
    this.budgets.set(route.modelGroup, budget);
    return budget;
  }
}

/** A login that cannot be used is its account's failure; what else was refused here is not an upstream's. */
export function failureOf(error: unknown): UpstreamFailure | undefined {
  if (error instanceof UpstreamFailure) return error;
  if (!(error instanceof GatewayError) || error.code !== 'upstream_authentication_error') return undefined;
  const { retryAfterMs } = error.details;
  return new UpstreamFailure({
    kind: 'unauthorized',
    message: error.message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause: error,
  });
}

function otherWays({ candidates }: GroupRun, failed: Candidate): OtherWays {
  return {
    deployment: candidates.some(({ deployment }) => deployment.id !== failed.deployment.id),
    account: candidates.some(({ account }) => account !== failed.account),
    route: candidates.some(({ scopes }) => scopes.route !== failed.scopes.route),
  };
}

/** LiteLLM's rule: where a list of its own is there for such a failure, nothing is tried again first. */
function hasOwnFallbacks(run: GroupRun, failure: UpstreamFailure): boolean {
  if (failure.kind !== 'context_too_long' && failure.kind !== 'content_policy') return false;
  const { modelGroup, requestedModel } = run.route;
  const plan = fallbackPlan(failure, [modelGroup, requestedModel], run.settings.fallbacks, undefined);
  return plan.kind !== 'general' && plan.groups.length > 0;
}
