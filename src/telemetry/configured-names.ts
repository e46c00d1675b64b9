import { type DeploymentFacts } from '../kernel/observations';
import { deploymentLabels, deploymentStates } from './attempt-series';
import { type CellGauge } from './cell-metrics';
import { type GatewayMetrics } from './gateway-metrics';

/**
 * What the configuration names, and what it named before. Gauges of what it names no more are dropped: they would show, and
 * alert of, something that nobody can put right. They go at each scrape, since calls that are still under way make them anew.
 * Counters stay: they only say what was.
 */
export class ConfiguredNames {
  private byId = new Map<string, DeploymentFacts>();
  private accounts: ReadonlySet<string> = new Set();
  private readonly goneIds = new Set<string>();
  private readonly goneAccounts = new Set<string>();

  constructor(private readonly metrics: GatewayMetrics) {}

  /** Those whose model is known before a request comes. */
  get deployments(): readonly DeploymentFacts[] {
    return [...this.byId.values()].filter(({ upstreamModel }) => !upstreamModel.includes('*'));
  }

  /** All of the configuration as it is now. New ones are shown before their first call. */
  deploymentsAre(list: readonly DeploymentFacts[]): void {
    const { state, rpmLimit, tpmLimit } = this.metrics.deployments;
    const before = new Map(this.deployments.map((each) => [each.deploymentId, String(deploymentLabels(each))]));
    const ids = [...this.byId.keys()];
    this.byId = new Map(list.map((each) => [each.deploymentId, each]));
    moved(this.goneIds, ids, this.byId);
    for (const gauge of [rpmLimit, tpmLimit]) gauge.forget();
    for (const deployment of this.deployments) {
      const { deploymentId, rpmLimit: rpm, tpmLimit: tpm } = deployment;
      const labels = deploymentLabels(deployment);
      const known = before.get(deploymentId);
      // The same id may stand for another model or host now.
      if (known !== undefined && known !== String(labels)) state.drop(({ model_id: id }) => id === deploymentId);
      if (known !== String(labels)) state.put(labels, deploymentStates.healthy);
      if (rpm !== undefined) rpmLimit.put(labels, rpm);
      if (tpm !== undefined) tpmLimit.put(labels, tpm);
    }
  }

  /** Names of all credentials that are used now. */
  accountsAre(names: readonly string[]): void {
    const now = new Set(names);
    moved(this.goneAccounts, this.accounts, now);
    this.accounts = now;
  }

  /** Whether the configuration names this credential. */
  hasAccount(name: string): boolean {
    return this.accounts.has(name);
  }

  /** Drops what the configuration names no more; before each scrape. */
  prune(): void {
    if (this.goneIds.size === 0 && this.goneAccounts.size === 0) return;
    const { deployments: of, accounts } = this.metrics;
    const remaining = [of.remainingRequests, of.remainingTokens, of.oldRemainingRequests, of.oldRemainingTokens];
    dropAll([of.state, ...remaining], ({ model_id: id = '' }) => this.goneIds.has(id));
    of.cooledUntil.drop(({ scope, name = '' }) => this.isGone(scope, name));
    const { info, state, quarantined, tokenExpiry, lastRefresh, windowUsed, windowReset, credits } = accounts;
    const gauges = [info, state, quarantined, tokenExpiry, lastRefresh, windowUsed, windowReset, credits];
    dropAll(gauges, ({ account = '' }) => this.goneAccounts.has(account));
  }

  private isGone(scope: string | undefined, name: string): boolean {
    return (scope === 'deployment' && this.goneIds.has(name)) || (scope === 'account' && this.goneAccounts.has(name));
  }
}

/** What was there and is not any more is gone; what came back is not. */
function moved(gone: Set<string>, before: Iterable<string>, now: { has(name: string): boolean }): void {
  for (const name of before) gone.add(name);
  for (const name of gone) if (now.has(name)) gone.delete(name);
}

function dropAll(gauges: readonly CellGauge[], isGone: (labels: Readonly<Record<string, string>>) => boolean): void {
  for (const gauge of gauges) gauge.drop(isGone);
}
