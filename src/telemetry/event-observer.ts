import {
  accountConditions,
  type AccountQuotaRecord,
  type AccountReading,
  type AffinityRecord,
  type BreakerRecord,
  type CooldownRecord,
  type DeploymentFacts,
  type FallbackRecord,
  type HoldRecord,
  type InstructionFetch,
  type InstructionUse,
  type LimitMove,
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
import { ConfiguredNames } from './configured-names';
import { type GatewayMetrics } from './gateway-metrics';
import { cooldownStatus, exceptionClass, failureStatus, nameLabel, providerLabel, windowLabel } from './label-values';
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
  private readonly configured: ConfiguredNames;

  constructor(
    protected readonly metrics: GatewayMetrics,
    private readonly limitBook: LimitBook,
  ) {
    super();
    this.configured = new ConfiguredNames(metrics);
    metrics.onScrape(() => {
      this.configured.prune();
    });
  }

  override deploymentsAre(deployments: readonly DeploymentFacts[]): void {
    this.configured.deploymentsAre(deployments);
  }

  override accountsAre(names: readonly string[]): void {
    this.configured.accountsAre(names);
    for (const account of this.plans.keys()) if (!names.includes(account)) this.plans.delete(account);
  }

  override retried({ modelLabel, failure }: RetryRecord): void {
    this.metrics.deployments.retries.add([nameLabel(modelLabel), failure]);
  }

  override fellBack(record: FallbackRecord): void {
    const { fallbackSuccess, fallbackFailure } = this.metrics.deployments;
    const { keyHash, keyAlias, team, teamAlias } = holderLabels(record.principal);
    const groups = [nameLabel(record.from), nameLabel(record.to)];
    const status = record.failure === undefined ? undefined : failureStatus(record.failure, record.upstreamStatus);
    const why = status === undefined ? [none, none] : [String(status), exceptionClass(status)];
    const values = [...groups, keyHash, keyAlias, team, teamAlias, ...why, record.deploymentId ?? none];
    (record.succeeded ? fallbackSuccess : fallbackFailure).add(values);
  }

  override cooldownChanged({ scope, name, kind, untilMs }: CooldownRecord): void {
    const { cooldowns, cooledUntil, cooled, state } = this.metrics.deployments;
    const isOver = untilMs === undefined;
    cooledUntil.put([scope, nameLabel(name)], isOver ? 0 : untilMs / 1_000);
    if (!isOver) cooldowns.add([scope, kind]);
    for (const deployment of this.configured.deployments) {
      if (scope !== 'deployment' && scope !== 'account') return;
      if (name !== (scope === 'deployment' ? deployment.deploymentId : deployment.account)) continue;
      const labels = deploymentLabels(deployment);
      state.put(labels, isOver ? deploymentStates.healthy : deploymentStates.cooling);
      if (!isOver) cooled.add([...labels, cooldownStatus(kind)]);
    }
  }

  override affinityEnded({ bond, outcome }: AffinityRecord): void {
    this.metrics.deployments.affinity.add([bond, outcome]);
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

  override accountQuotaSeen({ account, quota }: AccountQuotaRecord): void {
    if (!this.configured.hasAccount(account)) return;
    const { windowUsed, windowReset, credits } = this.metrics.accounts;
    for (const { limit, minutes, usedPercent, resetAtMs } of quota.windows) {
      const labels = [account, windowLabel(minutes), nameLabel(limit)];
      windowUsed.put(labels, usedPercent / 100);
      if (resetAtMs !== undefined) windowReset.put(labels, resetAtMs / 1_000);
    }
    if (quota.planType !== undefined) this.showPlan(account, nameLabel(quota.planType));
    const balance = quota.credits?.unlimited === true ? Number.POSITIVE_INFINITY : Number(quota.credits?.balance);
    if (!Number.isNaN(balance)) credits.put([account], balance);
  }

  override accountStateSeen({ account, condition, plan, tokenExpiresAtMs, lastRefreshMs }: AccountReading): void {
    const { accounts } = this.metrics;
    for (const state of accountConditions) accounts.state.put([account, state], state === condition ? 1 : 0);
    accounts.quarantined.put([account], condition === 'quarantined' ? 1 : 0);
    if (tokenExpiresAtMs !== undefined) accounts.tokenExpiry.put([account], tokenExpiresAtMs / 1_000);
    // A token without an end took the place of one that had one, and nothing would ever take that end away.
    else if (condition === 'ok') accounts.tokenExpiry.drop(({ account: shown }) => shown === account);
    if (lastRefreshMs !== undefined) accounts.lastRefresh.put([account], lastRefreshMs / 1_000);
    if (plan !== undefined) this.showPlan(account, nameLabel(plan));
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

  override limitsMoved(move: LimitMove): void {
    this.limitBook.moved(move);
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
    books.mismatches.put([], mismatches - repaired);
  }

  override leftWrongKnown(count: number): void {
    this.metrics.books.mismatches.put([], count);
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
