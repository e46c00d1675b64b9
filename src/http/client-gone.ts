import { type ServerResponse } from 'node:http';
import { Stopper, type StopSignal } from '../kernel/stop-signal';

/** Aborted when the client hangs up before its answer was written. For answers that are no streams. */
export function clientGone(raw: ServerResponse): StopSignal {
  const stopper = new Stopper();
  if (raw.destroyed) stopper.abort();
  raw.once('close', () => {
    if (!raw.writableFinished) stopper.abort();
  });
  return stopper;
}
