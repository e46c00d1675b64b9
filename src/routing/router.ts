import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { Observer } from '../kernel/observer';
import { type Span } from '../kernel/tracing';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { AnswerTracker } from '../protocol/canonical/answer-tracker';
import { type NativeRequest, Upstream, type UpstreamAnswer } from '../upstream/upstream';
import { type Bearings } from './affinity/conversations';
import { AttemptWatch } from './attempt-watch';
import { type GroupRun } from './choice/group-run';
import { type Attempt, failureOf } from './group-runner';
import { type Route } from './model-groups';
import { type AnswerNote, RoutingRooms } from './routing-rooms';
import { type RouteWishes, type TryPlan } from './try-plan';

/** Where an answer came from, after how much trying. */
export interface Routed {
  readonly deployment: Deployment;
  /** The group that answered; another than the one asked for after a fallback. */
  readonly route: Route;
  readonly attempts: number;
  /** Attempts beyond the first one of each group, and how many a group may have. */
  readonly retries: number;
  readonly maxRetries: number;
  /** Groups that were tried in the place of the one asked for, and how many may be. */
  readonly fallbacks: number;
  readonly maxFallbacks: number;
  /** Which of the request's own fallbacks answered a question that it brought along; undefined for the question of the request. */
  readonly ownFallback: number | undefined;
  /** Reasoning items that were left out, because another account had sealed them. */
  readonly reasoningDropped: number;
}

/** An answer that has shown content, or ended well without any. Its lease must be ended, with `answerOver`. */
export interface RoutedAnswer extends Routed {
  /** Of the attempt that answered; to be ended with the answer. */
  readonly span: Span;
  readonly answer: UpstreamAnswer;
  /** Has already seen `held`. */
  readonly tracker: AnswerTracker;
  /** Events that came up to and with the first content; the client has seen none of them. Emptied by who reads them. */
  readonly held: AnswerEvent[];
  /** Tells routing that the answer is over: how its outcome is, and whether the client stayed to its end. Once. */
  readonly over: (thrown?: unknown) => void;
}

const noBytes: Buffer = Buffer.alloc(0);

/** Chooses deployments until one answers: first within the model group, then in the groups that stand in for it. */
@Injectable()
export class Router {
  // eslint-disable-next-line max-params -- the ports of an attempt, and the rooms that decide about it
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly upstream: Upstream,
    private readonly observer: Observer,
    private readonly clock: Clock,
    private readonly rooms: RoutingRooms,
  ) {}

  /**
   * What an admission asks for routing's sake in its own round trip; give it to `firstToAnswer` with the answer.
   */
  bearings(plan: Pick<TryPlan, 'route' | 'call' | 'caller' | 'wishes'>): Bearings {
    return this.rooms.bearings(plan);
  }

  /**
   * Tries deployments until one shows content. Nothing is tried again once content came.
   *
   * @throws {UpstreamFailure} or {GatewayError} of the group asked for when no group answered, or the signal's reason when
   * the call was given up.
   */
  async firstToAnswer(plan: TryPlan): Promise<RoutedAnswer> {
    return this.rooms.throughGroups(plan, (run, attempt) => this.attempt(run, attempt));
  }

  /** The same for a compaction, which is one JSON answer. Only Codex deployments are asked. */
  async compact(plan: TryPlan & { readonly call: NativeRequest }): Promise<Routed & { readonly body: Buffer }> {
    return this.rooms.throughGroups(plan, async (run, attempt) => {
      const { candidate, lease } = attempt;
      const own = attempt.call.kind === 'native' ? attempt.call : plan.call;
      const watch = this.watched(run, attempt);
      let [body, asked] = [noBytes, candidate.deployment.upstreamModel];
      try {
        body = await this.upstream.compact(candidate.deployment, own, plan.upstreamSignal ?? plan.signal, (opened) => {
          asked = opened.model.slug;
          plan.onOpened?.(opened);
        });
      } catch (error) {
        watch.failed(error);
        throw error;
      }
      watch.answered(asked);
      watch.span.end(this.clock.monotonicMs());
      this.rooms.contentCame(run, lease);
      this.rooms.compacted(this.rooms.noteOf(run, attempt), body);
      lease.end({ succeeded: true });
      return { ...routedBy(run, attempt, this.settings), body };
    });
  }

  private async attempt(run: GroupRun, attempt: Attempt): Promise<RoutedAnswer> {
    const { plan } = run;
    const deployment = asWished(attempt.candidate.deployment, plan.wishes);
    const running = new RunningAnswer(this.rooms, this.rooms.noteOf(run, attempt));
    const tracker = new AnswerTracker(this.clock, running.watch);
    const watch = this.watched(run, attempt);
    let answer: UpstreamAnswer;
    let held: AnswerEvent[];
    try {
      answer = await this.upstream.open(deployment, attempt.call, plan.upstreamSignal ?? plan.signal, watch.span);
      this.rooms.opened(run, attempt, answer);
      plan.onOpened?.(answer);
      held = await untilContent(answer, tracker, plan.onWork);
    } catch (error) {
      watch.failed(error);
      throw error;
    }
    watch.answering();
    this.rooms.contentCame(run, attempt.lease);
    const by = routedBy(run, attempt, this.settings);
    const { route, attempts, retries, maxRetries, fallbacks, maxFallbacks, ownFallback, reasoningDropped } = by;
    // Member by member: this is the hot path, and spreading costs microseconds.
    return {
      deployment: by.deployment,
      route,
      attempts,
      retries,
      maxRetries,
      fallbacks,
      maxFallbacks,
      ownFallback,
      reasoningDropped,
      span: watch.span,
      answer,
      tracker,
      held,
      over: running.overOf(tracker, watch, answer.model.slug),
    };
  }

  private watched(run: GroupRun, { candidate }: Attempt): AttemptWatch {
    return new AttemptWatch({ observer: this.observer, clock: this.clock }, run, candidate.deployment);
  }
}

/** What routing hears of an answer that runs. A class, so that it holds on to nothing of the question. */
class RunningAnswer {
  constructor(
    private readonly rooms: RoutingRooms,
    private readonly note: AnswerNote,
  ) {}

  readonly watch: EventWatch = (event) => {
    this.rooms.seen(this.note, event);
  };

  overOf(tracker: AnswerTracker, watch: AttemptWatch, upstreamModel: string): RoutedAnswer['over'] {
    return (thrown) => {
      const { outcome } = tracker;
      const failure = outcome.state === 'failed' ? outcome.failure : failureOf(thrown);
      watch.answered(upstreamModel, failure);
      this.rooms.answered(this.note, { failure, usage: tracker.usage, responseId: tracker.responseId });
    };
  }
}

/** Sees what of an answer is of use to routing. Called for rare events only. */
export type EventWatch = (event: AnswerEvent) => void;

/** Events that are held back; who announces more than that without a word is taken to have begun. */
const mostHeld = 256;

/** Reads on until the answer shows content or ends, so that an early failure is still an exception. */
async function untilContent(
  answer: UpstreamAnswer,
  tracker: AnswerTracker,
  onWork: (() => void) | undefined,
): Promise<AnswerEvent[]> {
  const held: AnswerEvent[] = [];
  try {
    while (!tracker.hasContent && tracker.outcome.state === 'open' && held.length < mostHeld) {
      const events = await answer.next();
      if (events === undefined) throw cutBeforeContent();
      keep(events, tracker, held);
      if (tracker.isWorking) onWork?.();
    }
    // A failure that shares a chunk with the content before it is told in-band: replaying would double the content.
    if (tracker.outcome.state === 'failed' && !tracker.hasContent) throw tracker.outcome.failure;
    return held;
  } catch (error) {
    answer.cancel();
    throw error;
  }
}

function keep(events: readonly AnswerEvent[], tracker: AnswerTracker, held: AnswerEvent[]): void {
  for (const event of events) {
    tracker.see(event);
    if (event.type !== 'keepalive') held.push(event);
  }
}

function cutBeforeContent(): UpstreamFailure {
  return new UpstreamFailure({ kind: 'cut', message: 'The upstream closed the stream before it answered.' });
}

function routedBy(run: GroupRun, { candidate, reasoningDropped }: Attempt, settings: Settings): Routed {
  const { plan, trail, route } = run;
  const { deployment } = candidate;
  return {
    deployment,
    route,
    attempts: trail.attempts,
    retries: trail.repeats,
    maxRetries: plan.wishes.numRetries ?? deployment.routing?.numRetries ?? settings.routing.numRetries,
    fallbacks: trail.fallbacks,
    maxFallbacks: settings.routing.fallbacks.max,
    ownFallback: run.ownFallback,
    reasoningDropped,
  };
}

/** A request's own limit until the first event goes before its deployment's; a canned answer before any. */
function asWished(deployment: Deployment, { streamTimeoutMs, mockResponse }: RouteWishes): Deployment {
  if (streamTimeoutMs === undefined && mockResponse === undefined) return deployment;
  return {
    ...deployment,
    ...(streamTimeoutMs === undefined ? {} : { streamTimeoutMs }),
    ...(mockResponse === undefined ? {} : { mockResponse }),
  };
}
