import { type RequestRecord } from '../kernel/observer';
import { type Span, type SpanFacts } from '../kernel/tracing';
import { shownModel } from '../telemetry/scrub';
import { type Progress } from './progress';

/**
 * Tells the trace of a call what is only known at its end: the admission as a part, the answer's facts on the call that
 * gave it and on the whole request. The span of the request ends with its connection, which may be before its books are
 * closed.
 *
 * @param nowMs when the story was over, monotonic milliseconds.
 * @returns the part in which the books are closed; to be ended.
 */
export function tellTrace(span: Span, progress: Progress, record: RequestRecord, nowMs: number): Span {
  const failure = failureOf(record);
  tellAdmission(span, progress, nowMs, failure);
  const answer = answerFacts(record, failure);
  tellAnswer(progress, answer, nowMs);
  const { responseModel, usage, firstContentMs } = answer;
  span.tell({
    responseModel,
    usage,
    firstContentMs,
    failure,
    operation: record.route.endsWith('/compact') ? 'compact' : 'chat',
    requestModel: record.requestedModel === undefined ? undefined : shownModel(record.requestedModel),
    stream: record.stream,
    end: record.end,
    attempts: record.attempts,
    costNanos: record.costNanos,
  });
  return span.child('settlement', nowMs);
}

/** Until the first call upstream, or until it was refused. */
function tellAdmission(span: Span, progress: Progress, nowMs: number, failure: string | undefined): void {
  const { admissionStartedMs, upstreamStartedMs } = progress;
  if (admissionStartedMs === undefined) return;
  const admission = span.child('admission', admissionStartedMs);
  if (upstreamStartedMs === undefined) admission.tell({ failure });
  admission.end(upstreamStartedMs ?? nowMs);
}

function tellAnswer({ routed, startedMs, firstContentMs }: Progress, facts: SpanFacts, nowMs: number): void {
  if (routed === undefined) return;
  if (firstContentMs !== undefined) routed.span.event('first_token', startedMs + firstContentMs);
  routed.span.tell(facts);
  routed.span.end(nowMs);
}

function answerFacts(record: RequestRecord, failure: string | undefined): SpanFacts {
  const { firstContentMs, queueMs } = record;
  return {
    failure,
    responseModel: record.upstreamModel,
    usage: record.usage,
    firstContentMs: firstContentMs === undefined ? undefined : firstContentMs - (queueMs ?? 0),
  };
}

/** Endings that an operator would look for; a client that leaves is none. */
function failureOf({ end, errorCode }: RequestRecord): string | undefined {
  return end === 'failed' || end === 'cut' || end === 'refused' ? (errorCode ?? end) : undefined;
}
