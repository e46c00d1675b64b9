import { Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { Clock } from '../kernel/clock';
import { modelNotFound } from '../kernel/errors';
import { Observer } from '../kernel/observer';
import { type StopSignal } from '../kernel/stop-signal';
import { type Span } from '../kernel/tracing';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { AnswerTracker } from '../protocol/canonical/answer-tracker';
import { opaqueId } from '../telemetry/tracing/opaque-id';
import { Upstream, type UpstreamAnswer, type UpstreamCall } from '../upstream/upstream';
import { pause } from './pause';
import { type Route } from './model-groups';

/** An answer that has shown content, or ended well without any. */
export interface RoutedAnswer {
  readonly deployment: Deployment;
  readonly answer: UpstreamAnswer;
  /** Has already seen `held`. */
  readonly tracker: AnswerTracker;
  /** Events that came up to and with the first content; the client has seen none of them. Emptied by who reads them. */
  readonly held: AnswerEvent[];
  readonly attempts: number;
  /** Of the call that answered; ended by who reads the answer. */
  readonly span: Span;
}

/** What one call may spend on trying. */
export interface TryPlan {
  readonly route: Route;
  readonly call: UpstreamCall;
  /** Tries after the first one. */
  readonly retries: number;
  readonly signal: StopSignal;
  /** Of the request; each attempt is a part of it. */
  readonly span: Span;
  /** Told before every attempt, so that a failed request can say where it was. */
  readonly onAttempt: (deployment: Deployment, attempt: number) => void;
}

/** Longest time a call waits between two attempts, milliseconds; a longer `retry-after` is the client's to wait. */
const longestPauseMs = 5_000;

/** The only retry loop of the program: everything above and below it fails at once. */
@Injectable()
export class Router {
  constructor(
    private readonly upstream: Upstream,
    private readonly observer: Observer,
    private readonly clock: Clock,
  ) {}

  /**
   * Tries deployments until one shows content. Nothing is tried again once content came.
   *
   * @throws {UpstreamFailure} of the last attempt, or the signal's reason when the call was given up.
   */
  async firstToAnswer(plan: TryPlan): Promise<RoutedAnswer> {
    const order = shuffled(plan.route.deployments);
    for (let attempt = 1; ; attempt += 1) {
      const deployment = order[(attempt - 1) % order.length];
      if (deployment === undefined) throw modelNotFound(plan.route.requestedModel);
      plan.onAttempt(deployment, attempt);
      try {
        return await this.attempt(plan, deployment, attempt);
      } catch (error) {
        const waitMs = pauseBefore(error, attempt, plan, order.length);
        if (waitMs === undefined) throw error;
        await pause(waitMs, plan.signal);
      }
    }
  }

  private async attempt(plan: TryPlan, deployment: Deployment, attempts: number): Promise<RoutedAnswer> {
    const startedMs = this.clock.monotonicMs();
    let failure: UpstreamFailure | undefined;
    let upstreamModel = deployment.upstreamModel;
    const span = attemptSpan(plan, deployment, { attempts, startedMs });
    try {
      const answer = await this.upstream.open(deployment, plan.call, plan.signal, span);
      upstreamModel = answer.model.slug;
      return { deployment, attempts, span, ...(await untilContent(answer, this.clock)) };
    } catch (error) {
      failure = error instanceof UpstreamFailure ? error : undefined;
      span.tell({ failure: failure?.kind ?? 'refused', upstreamStatus: failure?.details.upstreamStatus });
      span.end(this.clock.monotonicMs());
      throw error;
    } finally {
      this.observer.attemptEnded({
        modelLabel: plan.route.label,
        upstreamModel,
        deploymentId: deployment.id,
        apiBase: deployment.apiBase,
        failure: failure?.kind,
        upstreamStatus: failure?.details.upstreamStatus,
        durationMs: this.clock.monotonicMs() - startedMs,
      });
    }
  }
}

function attemptSpan(
  plan: TryPlan,
  deployment: Deployment,
  { attempts, startedMs }: { readonly attempts: number; readonly startedMs: number },
): Span {
  const span = plan.span.child('attempt', startedMs);
  if (!span.isRecording) return span;
  span.tell({
    operation: 'chat',
    requestModel: deployment.upstreamModel,
    deploymentId: deployment.id,
    apiBase: deployment.apiBase,
    account: opaqueId(deployment.credential.name),
    attempt: attempts,
  });
  return span;
}

/** Reads on until the answer shows content or ends, so that an early failure is still an exception. */
async function untilContent(
  answer: UpstreamAnswer,
  clock: Clock,
): Promise<Pick<RoutedAnswer, 'answer' | 'tracker' | 'held'>> {
  const tracker = new AnswerTracker(clock);
  const held: AnswerEvent[] = [];
  try {
    while (!tracker.hasContent && tracker.outcome.state === 'open') {
      const events = await answer.next();
      if (events === undefined) throw cutBeforeContent();
      for (const event of events) {
        tracker.see(event);
        held.push(event);
      }
    }
    // A failure that shares a chunk with the content before it is told in-band: replaying would double the content.
    if (tracker.outcome.state === 'failed' && !tracker.hasContent) throw tracker.outcome.failure;
    return { answer, tracker, held };
  } catch (error) {
    answer.cancel();
    throw error;
  }
}

function cutBeforeContent(): UpstreamFailure {
  return new UpstreamFailure({ kind: 'cut', message: 'The upstream closed the stream before it answered.' });
}

/** Milliseconds to wait before the next attempt; undefined when there must be none. */
function pauseBefore(error: unknown, attempt: number, plan: TryPlan, deployments: number): number | undefined {
  if (!(error instanceof UpstreamFailure) || !error.retryable || plan.signal.aborted) return undefined;
  if (attempt > plan.retries) return undefined;
  if (attempt < deployments) return 0;
  if (isLasting(error)) return undefined;
  const asked = error.details.retryAfterMs;
  if (asked === undefined) return backoffMs(attempt);
  return asked <= longestPauseMs ? asked : undefined;
}

/** An account's trouble does not pass by asking the same account again; only a burst limit does. */
function isLasting({ kind, blame }: UpstreamFailure): boolean {
  return kind !== 'rate_limited' && (blame === 'account' || blame === 'model' || blame === 'edge');
}

/** 200 ms doubling to 2 s, with full jitter so that callers of one outage do not come back together. */
function backoffMs(attempt: number): number {
  return Math.random() * Math.min(200 * 2 ** (attempt - 1), 2_000);
}

/** Uniform, by sorting on random keys: groups are small. */
function shuffled(deployments: readonly Deployment[]): readonly Deployment[] {
  if (deployments.length < 2) return deployments;
  return deployments
    .map((deployment) => ({ deployment, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ deployment }) => deployment);
}
