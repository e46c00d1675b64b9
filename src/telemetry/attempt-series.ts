import { type AttemptRecord } from '../kernel/observer';
import { type DeploymentName } from '../kernel/observations';
import { type FailureKind } from '../kernel/upstream-failure';
import { type CounterCell } from './cell-metrics';
import { type GatewayMetrics } from './gateway-metrics';
import { exceptionClass, failureStatus, nameLabel, providerLabel } from './label-values';
import { holderKey, holderLabels, none } from './request-series';

/** What `litellm_deployment_state` shows. */
export const deploymentStates = { healthy: 0, failed: 1, cooling: 2 } as const;

/** Failures that say nothing of the deployment. */
const othersFault: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'client_gone', 'context_too_long', 'content_policy', 'invalid_request',
]); // prettier-ignore

/** The labels of a deployment, in the order of the registry. */
export function deploymentLabels({ upstreamModel, deploymentId, apiBase }: DeploymentName): readonly string[] {
  return [nameLabel(upstreamModel), deploymentId, apiBase, providerLabel(apiBase)];
}

/** The series of calls to one deployment for one model and one holder. */
export class AttemptSeries {
  private readonly labels: readonly string[];
  private readonly total: CounterCell;
  private readonly success: CounterCell;
  private readonly state: CounterCell;

  constructor(
    private readonly metrics: GatewayMetrics,
    record: AttemptRecord,
  ) {
    const { deployments } = metrics;
    const { keyHash, keyAlias, team, teamAlias } = holderLabels(record.principal);
    const where = deploymentLabels(record);
    this.labels = [nameLabel(record.modelLabel), ...where, keyHash, keyAlias, team, teamAlias, none, none];
    this.total = deployments.total.at(this.labels);
    this.success = deployments.success.at(this.labels);
    this.state = deployments.state.at(where);
  }

  static keyOf(metrics: GatewayMetrics, record: AttemptRecord): string {
    const { modelLabel, upstreamModel, deploymentId, apiBase, principal } = record;
    const where = `${nameLabel(modelLabel)}\n${nameLabel(upstreamModel)}\n${deploymentId}\n${apiBase}`;
    return `${where}\n${holderKey(metrics, principal)}`;
  }

  /** As for requests: false when it stands for all that found no room. */
  get isLasting(): boolean {
    return !this.total.isOther && !this.success.isOther && !this.state.isOther;
  }

  /** Counts one call of this kind. */
  count({ failure, upstreamStatus, modelLabel, deploymentId }: AttemptRecord): void {
    this.total.value += 1;
    if (failure === undefined) {
      this.success.value += 1;
      this.state.value = deploymentStates.healthy;
      return;
    }
    const { deployments } = this.metrics;
    const status = failureStatus(failure, upstreamStatus);
    deployments.failure.add([...this.labels, String(status), exceptionClass(status)]);
    deployments.failureKinds.add([nameLabel(modelLabel), deploymentId, failure]);
    if (!othersFault.has(failure)) this.state.value = Math.max(this.state.value, deploymentStates.failed);
  }
}
