import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { type GatewayError } from '../kernel/errors';
import { type AnswerEnd, Observer, type RequestRecord } from '../kernel/observer';
import { type TokenUsage } from '../kernel/usage';
import { type AnswerOutcome } from '../protocol/canonical/answer-outcome';
import { type Call, requestedModelOf } from './call';
import { tellTrace } from './call-trace';
import { type Progress } from './progress';

/** Closes the books of a call, exactly once: finished, failed, or left by its client. */
@Injectable()
export class Settlement {
  constructor(
    private readonly observer: Observer,
    private readonly clock: Clock,
  ) {}

  /** @param error what the client was told; undefined for an answer that ended well. */
  settle(call: Call, progress: Progress, error: GatewayError | undefined): void {
    const nowMs = this.clock.monotonicMs();
    const { context } = call;
    context.settled = true;
    const record: RequestRecord = {
      requestId: context.requestId,
      route: call.route,
      principal: context.principal,
      requestedModel: requestedModelOf(call),
      modelLabel: progress.modelLabel,
      ...whereOf(progress),
      stream: call.dialect === 'native' || call.client.stream,
      status: error?.status ?? 200,
      end: progress.end ?? endOf(error),
      errorCode: error?.code,
      errorType: error?.type,
      attempts: progress.attempts,
      durationMs: nowMs - progress.startedMs,
      queueMs: progress.upstreamStartedMs === undefined ? undefined : progress.upstreamStartedMs - progress.startedMs,
      upstreamMs: progress.upstreamStartedMs === undefined ? undefined : nowMs - progress.upstreamStartedMs,
      firstContentMs: progress.firstContentMs,
      droppedParams: progress.droppedParams,
      traceId: context.span.traceId,
      clientIp: context.clientIp,
      userAgent: context.userAgent,
    };
    this.observer.requestEnded(record);
    if (context.span.isRecording) tellTrace(context.span, progress, record, { nowMs, endMs: this.clock.monotonicMs() });
  }
}

/** Which deployment answered, as what, and what it used. */
function whereOf({
  deployment,
  routed,
  estimatedUsage,
}: Progress): Pick<RequestRecord, 'deploymentId' | 'apiBase' | 'account' | 'upstreamModel' | 'remappedFrom' | 'usage'> {
  const outcome = routed?.tracker.outcome;
  return {
    deploymentId: deployment?.id,
    apiBase: deployment?.apiBase,
    account: deployment?.credential.name,
    upstreamModel: routed?.answer.model.slug,
    remappedFrom: routed?.answer.model.remappedFrom,
    usage: (outcome === undefined ? undefined : usageOf(outcome)) ?? estimatedUsage,
  };
}

function endOf(error: GatewayError | undefined): AnswerEnd {
  if (error === undefined) return 'completed';
  if (error.code === 'client_closed_request') return 'client_gone';
  return error.status < 500 && error.author !== 'upstream' ? 'refused' : 'failed';
}

function usageOf(outcome: AnswerOutcome): TokenUsage | undefined {
  return outcome.state === 'open' ? undefined : outcome.usage;
}
