import { type StopSignal } from '../kernel/stop-signal';
import { hookFailed } from './hook-failed';

/** How long a hook is waited for. */
export interface HookPatience {
  /** Milliseconds. */
  readonly limitMs: number;
  /** Ends the waiting: of the call that the hook is asked for. */
  readonly signal?: StopSignal | undefined;
}

/**
 * What a hook answers, at once or later. A call holds money and a place in every limit of its key meanwhile, so nobody waits
 * for a hook that waits for something without an end; what it says afterwards is not heard.
 *
 * @throws {GatewayError} 500 `hook_failed` when it throws or has no answer in time; the signal's reason when that comes first.
 */
export function hookAnswer<Answer>(
  ask: () => Answer | Promise<Answer>,
  { limitMs, signal }: HookPatience,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    };
    const fail = (reason: Error): void => {
      over();
      reject(reason);
    };
    const stop = (): void => {
      fail(signal?.reason instanceof Error ? signal.reason : new Error('the call was ended'));
    };
    const timer = setTimeout(() => {
      fail(hookFailed(new Error(`The hook has not answered within ${limitMs} ms.`)));
    }, limitMs);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    asked(ask).then(
      (answer) => {
        over();
        resolve(answer);
      },
      (error: unknown) => {
        fail(hookFailed(error));
      },
    );
  });
}

/** A hook that throws at once is one that fails. */
async function asked<Answer>(ask: () => Answer | Promise<Answer>): Promise<Answer> {
  return ask();
}
