import { type Deployment } from '../config/deployment';
import { type Clock } from '../kernel/clock';
import { type AttemptRecord, type Observer } from '../kernel/observer';
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

/**
 * One attempt at a deployment as metrics and traces see it. Tell it once how the attempt ended. Lives as long as the answer,
 * so it holds on to nothing of the question.
 */
export class AttemptWatch {
  /** Ends with the attempt where it failed, and else with the answer: by who has it. */
  readonly span: Span;
  private readonly startedMs: number;
  private readonly modelLabel: string;
  private readonly principal: AttemptRecord['principal'];
  private contentMs: number | undefined;

  constructor(
    private readonly ground: AttemptGround,
    run: GroupRun,
    private readonly deployment: Deployment,
  ) {
    this.startedMs = ground.clock.monotonicMs();
    this.span = attemptSpan(run, deployment, this.startedMs);
    this.modelLabel = run.route.label;
    this.principal = run.plan.caller.principal;
  }

  /** Content came, and the rest of the answer is yet to come. */
  answering(): void {
    this.contentMs = this.elapsedMs();
  }

  /**
   * The answer that had begun is over.
   *
   * @param upstreamModel what answered.
   * @param failure what broke it; a client that left is no failure of the deployment.
   */
  answered(upstreamModel: string, failure?: UpstreamFailure): void {
    this.ended(upstreamModel, failure?.kind === 'client_gone' ? undefined : failure);
  }

  /** @param error what ended it before any content; one that is no upstream's fault is a refusal of ours. */
  failed(error: unknown): void {
    const failure = failureOf(error);
    this.span.tell({ failure: failure?.kind ?? 'refused', upstreamStatus: failure?.details.upstreamStatus });
    this.span.end(this.ground.clock.monotonicMs());
    this.ended(this.deployment.upstreamModel, failure);
  }

  private ended(upstreamModel: string, failure: UpstreamFailure | undefined): void {
    const { deployment, ground } = this;
    // Member by member: this is the hot path.
    ground.observer.attemptEnded({
      modelLabel: this.modelLabel,
      upstreamModel,
      deploymentId: deployment.id,
      apiBase: deployment.apiBase,
      principal: this.principal,
      failure: failure?.kind,
      upstreamStatus: failure?.details.upstreamStatus,
      durationMs: this.contentMs ?? this.elapsedMs(),
    });
  }

  private elapsedMs(): number {
    return this.ground.clock.monotonicMs() - this.startedMs;
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
