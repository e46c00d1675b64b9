import {
  accountConditions,
  type AccountCredits,
  type AccountReading,
  type AccountWindow,
  type AffinityRecord,
  type BreakerRecord,
  type CooldownRecord,
  type DeploymentFacts,
  type FallbackRecord,
  type HoldRecord,
  type InstructionFetch,
  type InstructionUse,
  type LimitReading,
  type ReapRecord,
  type ReconcileRecord,
  type RefreshRecord,
  type RetryRecord,
  type SettleRecord,
  type StateCommandRecord,
  type StateReading,
  type UpstreamLimits,
} from '../kernel/observations';
import { dollarsFromNanos } from '../kernel/money';
import { Observer } from '../kernel/observer';
import { deploymentLabels, deploymentStates } from './attempt-series';
import { type GatewayMetrics } from './gateway-metrics';
import { exceptionClass, failureStatus, nameLabel, providerLabel } from './label-values';
import { type LimitBook } from './limit-book';
import { holderLabels, none } from './request-series';

/** Different texts that get a series of their own; a hook could make one for every request. */
const mostDigests = 50;
/** Enough to tell texts apart, short enough to read. */
const digestCharacters = 16;

/** What happens beside requests and attempts, as metrics. */
export abstract class EventObserver extends Observer {
  private readonly digests = new Set<string>();
  private readonly plans = new Map<string, string>();

  constructor(
    protected readonly metrics: GatewayMetrics,
    private readonly limitBook: LimitBook,
  ) {
    super();
  }

  override deploymentKnown(deployment: DeploymentFacts): void {
    const { rpmLimit: rpm, tpmLimit: tpm } = deployment;
    const { state, rpmLimit, tpmLimit } = this.metrics.deployments;
    const labels = deploymentLabels(deployment);
    state.put(labels, deploymentStates.healthy);
    if (rpm !== undefined) rpmLimit.put(labels, rpm);
    if (tpm !== undefined) tpmLimit.put(labels, tpm);
  }

  override retryMade({ modelLabel, failure }: RetryRecord): void {
    this.metrics.deployments.retries.add([nameLabel(modelLabel), failure]);
  }

  override fallbackTried(record: FallbackRecord): void {
    const { fallbackSuccess, fallbackFailure } = this.metrics.deployments;
    const { keyHash, keyAlias, team, teamAlias } = holderLabels(record.principal);
    const status = failureStatus(record.failure, record.upstreamStatus);
    const groups = [nameLabel(record.requestedLabel), nameLabel(record.fallbackLabel)];
    const why = [String(status), exceptionClass(status)];
    const values = [...groups, keyHash, keyAlias, team, teamAlias, ...why, record.deploymentId ?? none];
    (record.succeeded ? fallbackSuccess : fallbackFailure).add(values);
  }

  override deploymentCooled(record: CooldownRecord): void {
    const { cooled, cooledUntil, state } = this.metrics.deployments;
    const labels = deploymentLabels(record);
    cooled.add([...labels, String(failureStatus(record.failure, record.upstreamStatus))]);
    cooledUntil.put([record.deploymentId], record.untilMs / 1_000);
    state.put(labels, deploymentStates.cooling);
  }

  override affinityDecided({ kind, outcome }: AffinityRecord): void {
    this.metrics.deployments.affinity.add([kind, outcome]);
  }

  override upstreamLimitsSeen(limits: UpstreamLimits): void {
    const { deployments } = this.metrics;
    const { keyHash, keyAlias } = holderLabels(limits.principal);
    const { modelLabel, apiBase, upstreamModel, deploymentId } = limits;
    const where = [nameLabel(modelLabel), providerLabel(apiBase), apiBase, nameLabel(upstreamModel)];
    const values = [...where, keyHash, keyAlias, deploymentId];
    const { remainingRequests: requests, remainingTokens: tokens } = limits;
    if (requests !== undefined) {
      for (const gauge of [deployments.remainingRequests, deployments.oldRemainingRequests])
        gauge.put(values, requests);
    }
    if (tokens !== undefined) {
      for (const gauge of [deployments.remainingTokens, deployments.oldRemainingTokens]) gauge.put(values, tokens);
    }
  }

  override accountWindowSeen({ account, window, usedRatio, resetAtMs }: AccountWindow): void {
    const { windowUsed, windowReset } = this.metrics.accounts;
    windowUsed.put([account, window], usedRatio);
    if (resetAtMs !== undefined) windowReset.put([account, window], resetAtMs / 1_000);
  }

  override accountCreditsSeen({ account, balance, unlimited }: AccountCredits): void {
    const value = unlimited ? Number.POSITIVE_INFINITY : balance;
    if (value !== undefined) this.metrics.accounts.credits.put([account], value);
  }

  override accountStateSeen({ account, condition, plan, tokenExpiresAtMs, lastRefreshMs }: AccountReading): void {
    const { accounts } = this.metrics;
    for (const state of accountConditions) accounts.state.put([account, state], state === condition ? 1 : 0);
    accounts.quarantined.put([account], condition === 'quarantined' ? 1 : 0);
    if (tokenExpiresAtMs !== undefined) accounts.tokenExpiry.put([account], tokenExpiresAtMs / 1_000);
    if (lastRefreshMs !== undefined) accounts.lastRefresh.put([account], lastRefreshMs / 1_000);
    this.showPlan(account, nameLabel(plan ?? none));
  }

  override refreshDone({ account, outcome, durationMs }: RefreshRecord): void {
    const { refreshes, refreshDuration } = this.metrics.accounts;
    refreshes.add([account, outcome]);
    refreshDuration.at([outcome]).record(durationMs);
  }

  override ticketHeld({ outcome, scope, limit, holdNanos, durationMs }: HoldRecord): void {
    const { books } = this.metrics;
    books.holds.add([outcome]);
    books.admission.at([outcome]).record(durationMs);
    if (outcome === 'admitted') books.held.add([], dollarsFromNanos(holdNanos));
    else if (scope !== undefined && limit !== undefined) books.refusals.add([scope, limit]);
  }

  override ticketSettled({ kind, durationMs }: SettleRecord): void {
    const { settlements, settlement } = this.metrics.books;
    settlements.add([kind]);
    settlement.at([kind]).record(durationMs);
  }

  override settlementsWaiting(count: number): void {
    this.metrics.books.backlog.put([], count);
    this.metrics.books.spendQueue.put([], count);
  }

  override limitSeen(limit: LimitReading): void {
    this.limitBook.seen(limit);
  }

  override reaped({ tickets, durationMs }: ReapRecord): void {
    this.metrics.books.reaped.add([], tickets);
    this.metrics.books.reaperDuration.at([]).record(durationMs);
  }

  override reconciled({ checked, mismatches, repaired }: ReconcileRecord): void {
    const { books } = this.metrics;
    books.reconcileRuns.add([]);
    books.reconcileChecked.add([], checked);
    books.reconcileRepairs.add([], repaired);
    books.mismatches.put([], mismatches);
  }

  override stateCommandDone({ command, outcome, durationMs }: StateCommandRecord): void {
    const { state } = this.metrics;
    // What was not sent took no time, and would only make the state look fast.
    if (outcome !== 'breaker' && outcome !== 'offline') {
      state.command.at([command]).record(durationMs);
      state.redisLatency.at(['redis']).record(durationMs);
    }
    if (outcome === 'ok') return;
    state.failures.add([command, outcome]);
    state.redisFails.add(['redis']);
  }

  override breakerChanged({ breaker, open }: BreakerRecord): void {
    const { state } = this.metrics;
    state.breakerOpen.put([breaker], open ? 1 : 0);
    state.breakerOpened.add([breaker], open ? 1 : 0);
  }

  override stateSeen({ degraded, memoryUsedBytes, memoryMaxBytes }: StateReading): void {
    const { state } = this.metrics;
    state.degraded.put([], degraded ? 1 : 0);
    if (memoryUsedBytes !== undefined) state.memoryUsed.put([], memoryUsedBytes);
    if (memoryMaxBytes !== undefined) state.memoryMax.put([], memoryMaxBytes);
  }

  override instructionsUsed({ source, sha256, ageMs }: InstructionUse): void {
    const short = sha256.slice(0, digestCharacters);
    if (this.digests.size < mostDigests) this.digests.add(short);
    this.metrics.state.instructions.add([source, this.digests.has(short) ? short : 'other']);
    this.metrics.state.instructionsAge.put([], ageMs / 1_000);
  }

  override instructionsFetched({ outcome, durationMs }: InstructionFetch): void {
    this.metrics.state.instructionFetches.add([outcome]);
    this.metrics.state.instructionFetch.at([outcome]).record(durationMs);
  }

  /** A plan that changed must not leave the old one beside it. */
  private showPlan(account: string, plan: string): void {
    const { info } = this.metrics.accounts;
    const known = this.plans.get(account);
    if (known !== undefined && known !== plan) info.put([account, known], 0);
    this.plans.set(account, plan);
    info.put([account, plan], 1);
  }
}
