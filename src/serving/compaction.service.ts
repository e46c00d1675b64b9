import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { jsonIn } from '../kernel/json-text';
import { type StopSignal } from '../kernel/stop-signal';
import { type GatewayError } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { isJsonObject } from '../protocol/json-guards';
import { toldUsage } from '../protocol/pricing/told-usage';
import { type Routed, Router } from '../routing/router';
import { type OpenedCall, type TryPlan } from '../routing/try-plan';
import { type NativeRequest } from '../upstream/upstream';
import { Admission } from './admission';
import { allDropped, droppedHeader, durationHeaders, moneyHeaders, routedHeaders } from './answer-headers';
import { type Call, type JsonAnswer } from './call';
import { brokenEnd, toGatewayError } from './endings';
import { askWhileWanted, tooLong } from './given-up';
import { GoneClients } from './gone-clients';
import { type Progress, progressFrom } from './progress';
import { RunningCalls } from './running-calls';
import { onlyCodex } from './servable';
import { Settlement } from './settlement';

/** The unary sibling of the story: one compaction, one JSON answer, settled like any call. */
@Injectable()
export class CompactionService {
  // eslint-disable-next-line max-params -- the unary story names each of its rooms once
  constructor(
    private readonly admission: Admission,
    private readonly router: Router,
    private readonly settlement: Settlement,
    private readonly running: RunningCalls,
    private readonly goneClients: GoneClients,
    private readonly clock: Clock,
  ) {}

  /** @returns the upstream's JSON, for a CLI as it came, with the headers of any whole answer. @throws {GatewayError} on any failure. */
  async compact(call: Call & { dialect: 'native' }, gone: StopSignal): Promise<JsonAnswer> {
    const progress = progressFrom(call.context.startedMs, call.droppedParams ?? []);
    this.settlement.begun();
    const stopper = this.running.entered(gone);
    let error: GatewayError | undefined;
    let deadline: NodeJS.Timeout | undefined;
    try {
      const { plan, wholeMs } = await this.admission.admit(call, progress, stopper, onlyCodex);
      deadline = setTimeout(() => {
        stopper.abort(tooLong());
      }, wholeMs);
      progress.upstreamStartedMs = this.clock.monotonicMs();
      const { body, ...routed } = await this.compacted(progress, { ...plan, call: call.native, signal: stopper });
      progress.end = 'completed';
      return { headers: this.headersOf(call, progress, routed), body: this.toldBody(call, body) };
    } catch (thrown) {
      error = toGatewayError(thrown);
      progress.end = brokenEnd(error, progress);
      throw error;
    } finally {
      clearTimeout(deadline);
      this.running.left(stopper);
      await this.settlement.close(call, progress, error);
    }
  }

  /** A CLI reads nothing but the output; what an SDK's object always has is put where the upstream says nothing of it. */
  private toldBody({ native, context }: Call & { dialect: 'native' }, body: Buffer): Buffer {
    const answer = native.fromSdk === true ? jsonIn(body.toString('utf8')) : undefined;
    if (!isJsonObject(answer)) return body;
    const created_at = Math.floor(this.clock.nowMs() / 1_000);
    const shell = { id: `resp_${context.requestId}`, object: 'response.compaction', created_at };
    return Buffer.from(JSON.stringify({ ...shell, ...answer }));
  }

  private headersOf(call: Call, progress: Progress, routed: Routed): Record<string, string> {
    const heardMs = this.clock.monotonicMs();
    const bill = this.settlement.billOf(call, progress);
    return {
      ...routedHeaders(call, routed),
      ...droppedHeader(allDropped(progress.droppedParams, progress.opened?.droppedParams ?? [])),
      ...moneyHeaders(call, progress.ticket, this.clock.nowMs(), bill),
      ...durationHeaders(progress, heardMs, heardMs),
    };
  }

  /** A compaction is sent and answered in one piece: from its start on somebody works on it, for whoever pays. */
  private async compacted(progress: Progress, plan: CompactionPlan): Promise<Compacted> {
    const asked = async (upstreamSignal: StopSignal): Promise<Compacted> => {
      const onOpened = (opened: OpenedCall): void => {
        progress.opened = opened;
      };
      const answer = await this.router.compact({ ...plan, upstreamSignal, onAttempt, onOpened });
      progress.told = usageIn(answer.body);
      return answer;
    };
    const onAttempt: TryPlan['onAttempt'] = (deployment, attempt, reasoningDropped) => {
      progress.isWorking = true;
      plan.onAttempt(deployment, attempt, reasoningDropped);
    };
    return askWhileWanted({
      signal: plan.signal,
      ask: asked,
      isUnderWay: () => progress.attempts > 0,
      givenUp: (answer, cancel) => {
        const drained = this.goneClients.left({ cancel });
        progress.rest = answer.then(drained, drained);
      },
    });
  }
}

type Compacted = Routed & { readonly body: Buffer };
type CompactionPlan = TryPlan & { readonly call: NativeRequest };

/** What a compaction says it used; undefined when it says nothing. */
function usageIn(body: Buffer): TokenUsage | undefined {
  const answer = jsonIn(body.toString('utf8'));
  return isJsonObject(answer) ? toldUsage(answer) : undefined;
}
