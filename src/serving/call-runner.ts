import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { type StopSignal } from '../kernel/stop-signal';
import { valueFromWire } from '../protocol/wire/wire-json';
import { type RoutedAnswer, Router } from '../routing/router';
import { type OpenedCall, type TryPlan } from '../routing/try-plan';
import { type UpstreamCall } from '../upstream/upstream';
import { Admission } from './admission';
import { AnswerReader } from './answer-reader';
import { type Call, letGoOfQuestion } from './call';
import { ContentLog } from './content-log';
import { EventHooks } from './event-hooks';
import { askWhileWanted, isGivenUp, tooLong } from './given-up';
import { GoneClients } from './gone-clients';
import { PlanShares } from './plan-shares';
import { type Progress } from './progress';
import { RunningCalls } from './running-calls';

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
   * What the client waits for ends with this method, whatever happened: `tell` returned, threw, the client left, the
   * whole-call limit ran out, or the process is draining. An answer that nobody wants any more may be read on for its usage
   * (`progress.rest`); every other upstream call has ended by then.
   */
  async run(
    call: Call,
    progress: Progress,
    clientGone: StopSignal,
    tell: (answer: AnswerReader) => Promise<void>,
  ): Promise<void> {
    progress.admissionStartedMs = this.clock.monotonicMs();
    progress.content = this.contents.contentOf(call);
    const stopper = this.running.entered(clientGone);
    let deadline: NodeJS.Timeout | undefined;
    try {
      const { plan, wholeMs } = await this.admission.admit(call, progress, stopper);
      deadline = setTimeout(() => {
        stopper.abort(tooLong());
      }, wholeMs);
      const routed = await this.routed(call, progress, plan, stopper);
      await this.answer(call, progress, routed, stopper, tell);
    } finally {
      clearTimeout(deadline);
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
    this.admission.answering(progress);
    this.planShares.seen(routed.deployment.credential.name, routed.answer.quota);
    progress.firstContentMs = this.clock.monotonicMs() - progress.startedMs;
    let thrown: unknown;
    const hook = this.hooks.forCall(call);
    const heard = progress.content === undefined ? hook : progress.content.heardBy(hook);
    const reader = new AnswerReader(routed, heard, call.dialect === 'native', () => {
      this.admission.heard(progress);
    });
    // Waiting reads end with the signal, because it frees the socket under them; or are left to run on for nobody.
    const stop = (): void => {
      if (isGivenUp(signal.reason)) reader.leave(signal.reason as Error);
      else routed.answer.cancel();
    };
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) stop();
      await tell(reader);
      signal.throwIfAborted();
    } catch (error) {
      thrown = signal.aborted ? signal.reason : error;
      throw thrown;
    } finally {
      signal.removeEventListener('abort', stop);
      // Given up, or ended by a stop sequence.
      if (thrown === undefined || isGivenUp(thrown)) this.readOn(progress, reader, thrown);
      else over(routed, thrown);
    }
  }

  /** Reads an answer that nobody waits for to its end, within bounds, so that what it used is known. */
  private readOn(progress: Progress, reader: AnswerReader, thrown: unknown): void {
    const { routed } = reader;
    if (routed.tracker.outcome.state !== 'open') {
      over(routed, thrown);
      return;
    }
    const drained = this.goneClients.left(routed.answer);
    progress.rest = reader.rest().then(() => {
      drained();
      over(routed, thrown);
    });
  }

  private async routed(
    call: Call,
    progress: Progress,
    plan: Omit<TryPlan, 'signal'>,
    signal: StopSignal,
  ): Promise<RoutedAnswer> {
    const hooked = (own: UpstreamCall): Promise<UpstreamCall> => this.hooked(call, own, signal);
    const asked = this.hooks.wantsRequests ? await hooked(plan.call) : plan.call;
    progress.upstreamStartedMs = this.clock.monotonicMs();
    const onWork = (): void => {
      progress.isWorking = true;
    };
    const onOpened = ({ model, droppedParams }: OpenedCall): void => {
      progress.opened = { model, droppedParams };
    };
    const { route, caller, wishes, span, narrow, bearings, answer, onAttempt, pin } = plan;
    // Member by member: a spread plan gets a hidden class of its own each time, and every look at it is slow.
    const planWith = (upstreamSignal: StopSignal): TryPlan => ({
      route,
      call: asked,
      caller,
      wishes,
      signal,
      upstreamSignal,
      span,
      narrow,
      hooked,
      bearings,
      answer,
      onAttempt,
      onOpened,
      onWork,
      pin,
    });
    return askWhileWanted({
      signal,
      ask: (upstreamSignal) => this.router.firstToAnswer(planWith(upstreamSignal)),
      isUnderWay: () => progress.attempts > 0,
      givenUp: (answer, cancel) => {
        progress.rest = this.readLate(progress, answer, { cancel, reason: signal.reason });
      },
    });
  }

  /** The same for an answer that had not begun when its client gave it up. */
  private async readLate(
    progress: Progress,
    answer: Promise<RoutedAnswer>,
    { cancel, reason }: { readonly cancel: () => void; readonly reason: unknown },
  ): Promise<void> {
    let routed: RoutedAnswer | undefined;
    const drained = this.goneClients.left({
      cancel: () => {
        cancel();
        routed?.answer.cancel();
      },
    });
    try {
      routed = await answer;
      progress.routed = routed;
      await new AnswerReader(routed, undefined, true, noticed).rest();
      over(routed, reason);
    } catch {
      // Nobody answered, and nobody is there to be told.
    } finally {
      drained();
    }
  }

  private async hooked(call: Call, asked: UpstreamCall, signal: StopSignal): Promise<UpstreamCall> {
    if (!this.hooks.wantsRequests || call.dialect === 'native' || asked.kind === 'native') return asked;
    const own = asked.isWire ? valueFromWire(asked.request) : asked.request;
    return { ...asked, request: await this.hooks.onRequest(call, own, signal), isWire: false };
  }
}

function noticed(): void {
  // What the rest of such an answer uses is told at its end.
}

function over(routed: RoutedAnswer, thrown: unknown): void {
  routed.over(thrown);
  if (routed.tracker.outcome.state === 'open') routed.answer.cancel();
  else routed.answer.release();
}
