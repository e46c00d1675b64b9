import { constants } from 'node:os';

/** What ends a process from outside. */
export const endingSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Ends this process by a signal as if nobody listened. Nothing ends the first process of a container by itself: that one exits,
 * with the status that a shell would show.
 */
export function endBySignal(signal: NodeJS.Signals): never {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.exit(128 + constants.signals[signal]);
}

/** Until something else listens a signal ends this process, also the first one of a container, where it would else be lost. */
export function endAtSignals(): void {
  for (const signal of endingSignals) process.on(signal, endBySignal);
}

/** Something else listens from now on. */
export function leaveSignals(): void {
  for (const signal of endingSignals) process.off(signal, endBySignal);
}
