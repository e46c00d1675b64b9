import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { Stopper, type StopSignal } from '../kernel/stop-signal';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { valueFromWire } from '../protocol/wire/wire-json';
import { type RoutedAnswer, Router } from '../routing/router';
import { type TryPlan } from '../routing/try-plan';
import { type UpstreamCall } from '../upstream/upstream';
import { Admission } from './admission';
import { AnswerReader } from './answer-reader';
import { type Call, letGoOfQuestion } from './call';
import { ContentLog } from './content-log';
import { EventHooks } from './event-hooks';
import { GoneClients } from './gone-clients';
import { PlanShares } from './plan-shares';
import { type Progress } from './progress';
import { clientLeft, RunningCalls } from './running-calls';

/** The middle of the story, the same for streams and JSON answers: resolve, admit, route, and free the upstream at the end. */
@Injectable()
export class CallRunner {
  // eslint-disable-next-line max-params -- the story names each of its rooms once
  constructor(
    private readonly admission: Admission,
    private readonly router: Router,
    private readonly hooks: EventHooks,
    private readonly contents: ContentLog,
    private readonly running: RunningCalls,
    private readonly goneClients: GoneClients,
    private readonly planShares: PlanShares,
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
    progress.admissionStartedMs = this.clock.monotonicMs();
    progress.content = this.contents.contentOf(call);
    const stopper = this.running.entered();
    const leave = (): void => {
      stopper.abort(clientLeft());
    };
    clientGone.addEventListener('abort', leave);
    if (clientGone.aborted) leave();
    let deadline: NodeJS.Timeout | undefined;
    try {
      const { plan, wholeMs } = await this.admission.admit(call, progress, (error) => {
        stopper.abort(error);
      });
      deadline = setTimeout(() => {
        stopper.abort(tooLong());
      }, wholeMs);
      const routed = await this.routed(call, progress, plan, stopper);
      await this.answer(call, progress, routed, stopper, tell);
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
    routed: RoutedAnswer,
    signal: StopSignal,
    tell: (answer: AnswerReader) => Promise<void>,
  ): Promise<void> {
    letGoOfQuestion(call);
    progress.routed = routed;
    this.planShares.seen(routed.deployment.credential.name, routed.answer.quota);
    progress.firstContentMs = this.clock.monotonicMs() - progress.startedMs;
    let stopDraining: (() => void) | undefined;
    let thrown: unknown;
    // Waiting reads end with the signal, because it frees the socket under them.
    const stop = (): void => {
      if (isClientGone(signal.reason))
        stopDraining = this.goneClients.left({
          cancel: () => {
            routed.answer.cancel();
          },
        });
      else routed.answer.cancel();
    };
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) stop();
      const hook = this.hooks.forCall(call);
      const heard = progress.content === undefined ? hook : progress.content.heardBy(hook);
      const seen = (): void => {
        this.admission.heard(progress);
      };
      await tell(new AnswerReader(routed, heard, call.dialect === 'native', seen));
      signal.throwIfAborted();
    } catch (error) {
      thrown = signal.aborted ? signal.reason : error;
      throw thrown;
    } finally {
      stopDraining?.();
      signal.removeEventListener('abort', stop);
      routed.over(thrown);
      if (routed.tracker.outcome.state === 'open') routed.answer.cancel();
      else routed.answer.release();
    }
  }

  private async routed(
    call: Call,
    progress: Progress,
    plan: Omit<TryPlan, 'signal'>,
    signal: StopSignal,
  ): Promise<RoutedAnswer> {
    const asked = this.hooks.wantsRequests ? await this.hooked(call, plan.call) : plan.call;
    progress.upstreamStartedMs = this.clock.monotonicMs();
    const upstreamSignal = new Stopper();
    const onWork = (): void => {
      progress.isWorking = true;
    };
    let stopDraining: (() => void) | undefined;
    const stop = (): void => {
      const cancel = (): void => {
        upstreamSignal.abort(signal.reason);
      };
      // What the upstream has begun to work on is paid for; how much it was is told at the end of the answer.
      if (isClientGone(signal.reason) && progress.isWorking) stopDraining = this.goneClients.left({ cancel });
      else cancel();
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      return await this.router.firstToAnswer({ ...plan, call: asked, signal, upstreamSignal, onWork });
    } finally {
      // From here on the answer is not ended by the signal, but by who reads it.
      stopDraining?.();
      signal.removeEventListener('abort', stop);
    }
  }

  private async hooked(call: Call, asked: UpstreamCall): Promise<UpstreamCall> {
    if (call.dialect === 'native' || asked.kind === 'native') return asked;
    const own = asked.isWire ? valueFromWire(asked.request) : asked.request;
    return { ...asked, request: await this.hooks.onRequest(call, own), isWire: false };
  }
}

function isClientGone(reason: unknown): boolean {
  return reason instanceof UpstreamFailure && reason.kind === 'client_gone';
}

function tooLong(): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: 'request_timeout',
    message: 'The whole call took longer than its limit (request_timeout, or the timeout of its deployment).',
  });
}
