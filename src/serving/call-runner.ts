import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { type StopSignal } from '../kernel/stop-signal';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { valueFromWire } from '../protocol/wire/wire-json';
import { ModelGroups, type Route } from '../routing/model-groups';
import { type RoutedAnswer, Router } from '../routing/router';
import { type UpstreamCall } from '../upstream/upstream';
import { Admission } from './admission';
import { AnswerReader } from './answer-reader';
import { type Call, letGoOfQuestion, requestedModelOf } from './call';
import { EventHooks } from './event-hooks';
import { type Progress } from './progress';
import { routeCaller, routeWishes } from './route-plan';
import { clientLeft, RunningCalls } from './running-calls';

/** The middle of the story, the same for streams and JSON answers: resolve, admit, route, and free the upstream at the end. */
@Injectable()
export class CallRunner {
  // eslint-disable-next-line max-params -- the story names each of its rooms once
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly groups: ModelGroups,
    private readonly admission: Admission,
    private readonly router: Router,
    private readonly hooks: EventHooks,
    private readonly running: RunningCalls,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs `tell` on the first deployment that answers.
   *
   * The upstream call ends with this method, whatever happened: `tell` returned, threw, the client left, the whole-call
   * limit ran out, or the process is draining.
   */
  async run(
    call: Call,
    progress: Progress,
    clientGone: StopSignal,
    tell: (answer: AnswerReader) => Promise<void>,
  ): Promise<void> {
    const stopper = this.running.entered();
    const leave = (): void => {
      stopper.abort(clientLeft());
    };
    clientGone.addEventListener('abort', leave);
    if (clientGone.aborted) leave();
    let deadline: NodeJS.Timeout | undefined;
    try {
      const route = await this.groups.resolve(requestedModelOf(call), call.context.principal?.teamId);
      progress.modelLabel = route.label;
      deadline = setTimeout(
        () => {
          stopper.abort(tooLong());
        },
        this.wholeCallMs(call, route),
      );
      await this.answer(call, progress, route, stopper, tell);
    } finally {
      clearTimeout(deadline);
      clientGone.removeEventListener('abort', leave);
      this.running.left(stopper);
    }
  }

  // eslint-disable-next-line max-params -- private continuation of `run`, which owns these values
  private async answer(
    call: Call,
    progress: Progress,
    route: Route,
    signal: StopSignal,
    tell: (answer: AnswerReader) => Promise<void>,
  ): Promise<void> {
    const routed = await this.routed(call, progress, route, signal);
    letGoOfQuestion(call);
    progress.routed = routed;
    progress.firstContentMs = this.clock.monotonicMs() - progress.startedMs;
    // Waiting reads end with the signal, because it frees the socket under them.
    const stop = (): void => {
      routed.answer.cancel();
    };
    signal.addEventListener('abort', stop);
    try {
      signal.throwIfAborted();
      await tell(new AnswerReader(routed, this.hooks.forCall(call), call.dialect === 'native'));
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      routed.over();
      if (routed.tracker.outcome.state === 'open') routed.answer.cancel();
      else routed.answer.release();
    }
  }

  private async routed(call: Call, progress: Progress, route: Route, signal: StopSignal): Promise<RoutedAnswer> {
    const admitted = this.admission.admit(call, route);
    const upstreamCall = await this.upstreamCall(call);
    progress.upstreamStartedMs = this.clock.monotonicMs();
    return this.router.firstToAnswer({
      route: admitted,
      call: upstreamCall,
      caller: routeCaller(call, this.groups),
      wishes: routeWishes(call, upstreamCall),
      narrow: (other) => this.admission.admit(call, other),
      signal,
      onAttempt: (deployment, attempt) => {
        progress.deployment = deployment;
        progress.attempts = attempt;
      },
    });
  }

  private async upstreamCall(call: Call): Promise<UpstreamCall> {
    if (call.dialect === 'native') return call.native;
    const { isCodexCli: fromCodexCli } = call.context;
    if (!this.hooks.wantsRequests) {
      return { kind: 'canonical', request: call.client.canonical, fromCodexCli, isWire: call.isWire };
    }
    const own = call.isWire ? valueFromWire(call.client.canonical) : call.client.canonical;
    return { kind: 'canonical', request: await this.hooks.onRequest(call, own), fromCodexCli, isWire: false };
  }

  /** A request's own limit counts; a deployment's bounds JSON answers, since streams of an agent run long. */
  private wholeCallMs(call: Call, route: Route): number {
    const { wholeJsonMs, wholeStreamMs } = this.settings.times;
    if (call.wishes?.timeoutMs !== undefined) return call.wishes.timeoutMs;
    if (call.dialect === 'native' || call.client.stream) return wholeStreamMs;
    const own = route.deployments.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs]));
    return own.length > 0 ? Math.max(...own) : wholeJsonMs;
  }
}

function tooLong(): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: 'request_timeout',
    message: 'The whole call took longer than its limit (request_timeout, or the timeout of its deployment).',
  });
}
