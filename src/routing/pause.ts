import { type StopSignal } from '../kernel/stop-signal';

/** Waits, unless the signal ends the wait. @throws the signal's reason. */
export async function pause(ms: number, signal: StopSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    }, ms);
    const giveUp = (): void => {
      clearTimeout(timer);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is passed on as it came
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp);
  });
}
