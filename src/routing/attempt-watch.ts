import { type Deployment } from '../config/deployment';
import { type Clock } from '../kernel/clock';
import { type Observer } from '../kernel/observer';
import { type Span } from '../kernel/tracing';
import { type UpstreamFailure } from '../kernel/upstream-failure';
import { opaqueId } from '../telemetry/tracing/opaque-id';
import { type GroupRun } from './choice/group-run';
import { failureOf } from './group-runner';

/** Whom an attempt is told to. */
export interface AttemptGround {
  readonly observer: Pick<Observer, 'attemptEnded'>;
  readonly clock: Clock;
}

/** One attempt at a deployment as metrics and traces see it. Tell it once how the attempt ended. */
export class AttemptWatch {
  /** Ends with the attempt where it failed, and else with the answer: by who has it. */
  readonly span: Span;
  private readonly startedMs: number;

  constructor(
    private readonly ground: AttemptGround,
    private readonly run: GroupRun,
    private readonly deployment: Deployment,
  ) {
    this.startedMs = ground.clock.monotonicMs();
    this.span = attemptSpan(run, deployment, this.startedMs);
  }

  /** @param upstreamModel what answered. */
  succeeded(upstreamModel: string): void {
    this.ended(upstreamModel, undefined);
  }

  /** @param error what ended it; one that is no upstream's fault is a refusal of ours. */
  failed(error: unknown): void {
    const failure = failureOf(error);
    this.span.tell({ failure: failure?.kind ?? 'refused', upstreamStatus: failure?.details.upstreamStatus });
    this.span.end(this.ground.clock.monotonicMs());
    this.ended(this.deployment.upstreamModel, failure);
  }

  private ended(upstreamModel: string, failure: UpstreamFailure | undefined): void {
    const { deployment, run, ground } = this;
    ground.observer.attemptEnded({
      modelLabel: run.route.label,
      upstreamModel,
      deploymentId: deployment.id,
      apiBase: deployment.apiBase,
      principal: run.plan.caller.principal,
      failure: failure?.kind,
      upstreamStatus: failure?.details.upstreamStatus,
      durationMs: ground.clock.monotonicMs() - this.startedMs,
    });
  }
}

function attemptSpan({ plan, trail }: GroupRun, deployment: Deployment, startedMs: number): Span {
  const span = plan.span.child('attempt', startedMs);
  if (!span.isRecording) return span;
  span.tell({
    operation: 'chat',
    requestModel: deployment.upstreamModel,
    deploymentId: deployment.id,
    apiBase: deployment.apiBase,
    account: opaqueId(deployment.credential.name),
    attempt: trail.attempts,
  });
  return span;
}
