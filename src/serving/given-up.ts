import { Stopper, type StopSignal } from '../kernel/stop-signal';
import { UpstreamFailure } from '../kernel/upstream-failure';

/** A question that is put for a client who may not wait for the answer. */
export interface Question<T> {
  /** Ends the call. */
  readonly signal: StopSignal;
  /** Puts it; `upstream` ends it there. */
  readonly ask: (upstream: StopSignal) => Promise<T>;
  /** Whether it was sent already, so that somebody may be at work on it. */
  readonly isUnderWay: () => boolean;
  /** The call was given up under way: what is paid for is told at the end of the answer, which `cancel` ends at once. */
  readonly givenUp: (answer: Promise<T>, cancel: () => void) => void;
}

/** Waits for an answer as long as its client does. @throws the signal's reason at once, also when the answer is read on. */
export function askWhileWanted<T>({ signal, ask, isUnderWay, givenUp }: Question<T>): Promise<T> {
  const upstream = new Stopper();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      const cancel = (): void => {
        upstream.abort(signal.reason);
      };
      if (!isGivenUp(signal.reason) || !isUnderWay()) {
        cancel();
        return;
      }
      givenUp(answer, cancel);
      reject(asError(signal.reason));
    };
    // From its end on the answer is not ended by the signal, but by who reads it.
    const answer = ask(upstream).finally(() => {
      signal.removeEventListener('abort', stop);
    });
    answer.then(resolve, reject);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
}

/**
 * Whether a call ended because its client wanted no more of it: it hung up, or its time was over. What the upstream does for
 * it is paid for all the same, or everybody could have answers for nothing by leaving just before their end.
 */
export function isGivenUp(reason: unknown): boolean {
  return (
    reason instanceof UpstreamFailure && (reason.kind === 'client_gone' || reason.details.code === wholeCallTimeout)
  );
}

/** Error code of a call that took longer than it may. */
const wholeCallTimeout = 'request_timeout';

/** Why a call ends that took longer than it may. */
export function tooLong(): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: wholeCallTimeout,
    message: 'The whole call took longer than its limit (request_timeout, or the timeout of its deployment).',
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('the call was ended', { cause: reason });
}
