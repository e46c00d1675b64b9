import { GatewayError, internalError } from '../kernel/errors';
import { type AnswerEnd } from '../kernel/observer';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type AnswerOutcome } from '../protocol/canonical/answer-outcome';
import { type Progress } from './progress';

/** How an answer that was told to its end stands; an answer cut by a stop sequence counts as completed. */
export function endOf(outcome: AnswerOutcome): AnswerEnd {
  return outcome.state === 'incomplete' ? 'incomplete' : 'completed';
}

/** How an answer that broke stands. */
export function brokenEnd(error: GatewayError, progress: Progress): AnswerEnd {
  if (error.code === 'client_closed_request') return 'client_gone';
  if (progress.routed === undefined) return progress.attempts === 0 ? 'refused' : 'failed';
  return progress.routed.tracker.outcome.state === 'open' ? 'cut' : 'failed';
}

/** Whatever was thrown, as what the client may be told. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof UpstreamFailure) return thrown.toGatewayError();
  return internalError(thrown);
}
