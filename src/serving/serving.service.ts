import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { type EventStream } from '../http/event-stream';
import { Clock } from '../kernel/clock';
import { answerTooLarge, type GatewayError } from '../kernel/errors';
import { type StopSignal } from '../kernel/stop-signal';
import { type AnswerEncoder } from '../protocol/canonical/answer-encoder';
import { GatewayLogger } from '../telemetry/logger';
import {
  allDropped,
  answeredCall,
  answerHeaders,
  answeringModel,
  durationHeaders,
  earlyAnswerHeaders,
  moneyHeaders,
} from './answer-headers';
import { AnswerReader } from './answer-reader';
import { type Call, type JsonAnswer } from './call';
import { CallRunner } from './call-runner';
import { encoderFor, foldFor, type StreamFacts } from './dialects';
import { brokenEnd, endOf, toGatewayError } from './endings';
import { type Progress, progressFrom } from './progress';
import { type Bill, Settlement } from './settlement';

/** The story of a call: admit, route, call, translate, settle. Nothing else in the program tells it. */
@Injectable()
export class ServingService {
  // eslint-disable-next-line max-params -- the story names its rooms once
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly runner: CallRunner,
    private readonly settlement: Settlement,
    private readonly clock: Clock,
    private readonly logger: GatewayLogger,
  ) {}

  /**
   * Streams an answer to the client.
   *
   * The call is settled exactly once, also when the client hangs up or the upstream breaks half-way. Until the first
   * content, or `firstByteHoldMs` have passed, nothing was sent and a failure is thrown; later it is told in-band.
   *
   * @throws {GatewayError} when nothing was sent yet.
   */
  async stream(call: Call, out: EventStream): Promise<void> {
    const progress = this.begin(call);
    let error: GatewayError | undefined;
    try {
      error = await this.tell(call, progress, out);
    } catch (thrown) {
      error = toGatewayError(thrown);
      await this.settlement.close(call, progress, error);
      throw error;
    }
    // Others pass the error filter, which writes this line.
    if (error?.status === 500) this.logger.failure(error.details.cause ?? error, { requestId: call.context.requestId });
    // Not awaited: the last frames and what told them would be kept until the books are written.
    return this.settlement.close(call, progress, error);
  }

  /** @returns the failure that was told in-band. @throws {GatewayError} one that can still be told by its status. */
  private async tell(call: Call, progress: Progress, out: EventStream): Promise<GatewayError | undefined> {
    let encoder = encoderFor(call, this.streamFacts(call, progress));
    const hold = setTimeout(() => {
      out.commit(this.earlyHeaders(call, progress));
    }, this.settings.times.firstByteHoldMs);
    let last = '';
    try {
      await this.runner.run(call, progress, out.signal, async (answer) => {
        clearTimeout(hold);
        const headers = this.headersOf(call, progress, answer);
        if (answer.routed.fallbacks > 0)
          encoder = encoderFor(answeredCall(call, answer.routed), {
            ...this.streamFacts(call, progress),
            model: answeringModel(call, answer.routed),
          });
        out.commit(Object.assign(headers, this.moneyHeaders(call, progress)));
        last = await forward(answer, encoder, out);
        if (encoder.satisfied) progress.estimatedUsage = encoder.estimatedUsage;
        progress.end = endOf(answer.outcome);
      });
      out.end(last + encoder.finish());
      return undefined;
    } catch (thrown) {
      const error = toGatewayError(thrown);
      progress.end = brokenEnd(error, progress);
      if (!out.committed) throw error;
      out.end(encoder.fail(error));
      return error;
    } finally {
      progress.isBegun = out.committed;
      clearTimeout(hold);
    }
  }

  /** Gathers a whole answer. @throws {GatewayError} on any failure; the call is settled all the same. */
  async json(call: Call, clientGone: StopSignal): Promise<JsonAnswer> {
    const progress = this.begin(call);
    let answer: JsonAnswer;
    try {
      answer = await this.gather(call, progress, clientGone);
    } catch (thrown) {
      const error = toGatewayError(thrown);
      progress.end = brokenEnd(error, progress);
      await this.settlement.close(call, progress, error);
      throw error;
    }
    await this.settlement.close(call, progress, undefined);
    return answer;
  }

  /** A function of its own, so that the pieces of the answer are not kept until its books are written. */
  private async gather(call: Call, progress: Progress, clientGone: StopSignal): Promise<JsonAnswer> {
    let fold = foldFor(call, this.nowSeconds());
    let headers: Record<string, string> = {};
    await this.runner.run(call, progress, clientGone, async (answer) => {
      const { routed } = answer;
      if (routed.fallbacks > 0)
        fold = foldFor(answeredCall(call, routed), this.nowSeconds(), answeringModel(call, routed));
      await answer.each((events) => {
        fold.add(events);
        return fold.satisfied ? false : undefined;
      });
      if (fold.satisfied) progress.estimatedUsage = fold.estimatedUsage;
      headers = this.headersOf(call, progress, answer);
      progress.end = endOf(answer.outcome);
    });
    const heardMs = this.clock.monotonicMs();
    Object.assign(headers, this.moneyHeaders(call, progress, this.settlement.billOf(call, progress)));
    const body = Buffer.from(fold.result(), 'latin1');
    const { maxAnswerBytes = body.length } = this.settings.limits;
    if (body.length > maxAnswerBytes) throw answerTooLarge(body.length, maxAnswerBytes);
    Object.assign(headers, durationHeaders(progress, heardMs, this.clock.monotonicMs()));
    return { headers, body };
  }

  private begin(call: Call): Progress {
    this.settlement.begun();
    return progressFrom(call.context.startedMs, droppedAtEdge(call));
  }

  private headersOf(call: Call, progress: Progress, answer: AnswerReader): Record<string, string> {
    const { routed } = answer;
    const asked = answeredCall(call, routed);
    const edge = asked === call ? progress.droppedParams : droppedAtEdge(asked);
    progress.droppedParams = allDropped(edge, routed.answer.droppedParams);
    return answerHeaders(call, routed, progress.droppedParams);
  }

  private streamFacts(call: Call, progress: Progress): StreamFacts {
    const nowSeconds = this.nowSeconds();
    if (!this.settings.pricing.includeCostInStreamingUsage) return { nowSeconds };
    return { nowSeconds, costNanos: () => this.settlement.billOf(call, progress).cost?.nanos };
  }

  /** What is known before anybody has answered: the headers leave when the hold is over. */
  private earlyHeaders(call: Call, progress: Progress): Record<string, string> {
    return { ...this.moneyHeaders(call, progress), ...earlyAnswerHeaders(call, progress) };
  }

  private moneyHeaders(call: Call, { ticket }: Progress, bill?: Bill): Record<string, string> {
    return moneyHeaders(call, ticket, this.clock.nowMs(), bill);
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.nowMs() / 1000);
  }
}

function droppedAtEdge(call: Call): readonly string[] {
  return call.dialect === 'native' ? [] : call.client.droppedParams;
}

/** One write and one back-pressure decision for each upstream chunk. @returns the last frames, yet to be written. */
async function forward(answer: AnswerReader, encoder: AnswerEncoder, out: EventStream): Promise<string> {
  let last = '';
  await answer.each((events) => {
    const frames = encoder.encode(events);
    if (answer.isOver || encoder.satisfied) {
      last = frames;
      return false;
    }
    return frames === '' ? undefined : out.write(frames);
  });
  return last;
}
