import { StateUnavailable } from '../state-unavailable';

/**
 * Work that counts as failed after `limitMs`. Before it does, what has come meanwhile is looked at: timers come before what
 * lies in the sockets, and one long moment of this process would else count as an outage of all that was under way.
 *
 * @throws {StateUnavailable} `timeout`; what comes later of the work is dropped.
 */
export function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      setImmediate(() => {
        reject(new StateUnavailable('timeout'));
      });
    }, limitMs);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it came
        reject(error);
      },
    );
  });
}
