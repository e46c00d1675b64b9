import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { jsonIn } from '../kernel/json-text';
import { type StopSignal } from '../kernel/stop-signal';
import { type GatewayError } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { isJsonObject } from '../protocol/json-guards';
import { toldUsage } from '../protocol/pricing/told-usage';
import { Router } from '../routing/router';
import { type OpenedCall, type TryPlan } from '../routing/try-plan';
import { type NativeRequest } from '../upstream/upstream';
import { Admission } from './admission';
import { type Call } from './call';
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

  /** @returns the upstream's JSON as it came. @throws {GatewayError} on any failure. */
  async compact(call: Call & { dialect: 'native' }, gone: StopSignal): Promise<Buffer> {
    const progress = progressFrom(call.context.startedMs, []);
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
      const body = await this.compacted(progress, { ...plan, call: call.native, signal: stopper });
      progress.end = 'completed';
      return body;
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

  /** A compaction is sent and answered in one piece: from its start on somebody works on it, for whoever pays. */
  private async compacted(progress: Progress, plan: CompactionPlan): Promise<Buffer> {
    const asked = async (upstreamSignal: StopSignal): Promise<Buffer> => {
      const onOpened = (opened: OpenedCall): void => {
        progress.opened = opened;
      };
      const { body } = await this.router.compact({ ...plan, upstreamSignal, onOpened });
      progress.told = usageIn(body);
      return body;
    };
    return askWhileWanted({
      signal: plan.signal,
      ask: asked,
      isUnderWay: () => progress.attempts > 0,
      givenUp: (answer, cancel) => {
        progress.isWorking = true;
        const drained = this.goneClients.left({ cancel });
        progress.rest = answer.then(drained, drained);
      },
    });
  }
}

type CompactionPlan = TryPlan & { readonly call: NativeRequest };

/** What a compaction says it used; undefined when it says nothing. */
function usageIn(body: Buffer): TokenUsage | undefined {
  const answer = jsonIn(body.toString('utf8'));
  return isJsonObject(answer) ? toldUsage(answer) : undefined;
}
