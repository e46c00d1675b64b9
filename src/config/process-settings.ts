import { type Fault } from './config-fault';
import { type Environment } from './env.schema';
import { type Settings } from './settings';
import { defaultTimeLimits, type TimeLimits } from './time-limits';

/** What the end of a process needs after the last stream: farewells to clients, and the state's last words. */
export const marginAfterDrainMs = 5_000;
/** Until every node of a cluster has heard that a pod is no longer ready, as a rule well under a second. */
const delayInKubernetesMs = 5_000;

/** The two waits of a drain: the delay is a part of the whole and never longer. */
export function drainOf(environment: Environment): Pick<TimeLimits, 'drainMs' | 'drainDelayMs'> {
  const { DRAIN_TIMEOUT_SECONDS: whole, DRAIN_DELAY_SECONDS: told, KUBERNETES_SERVICE_HOST: kubernetes } = environment;
  const drainMs = whole ?? defaultTimeLimits.drainMs;
  const delayMs = told ?? (kubernetes === undefined ? defaultTimeLimits.drainDelayMs : delayInKubernetesMs);
  return { drainMs, drainDelayMs: Math.min(delayMs, drainMs) };
}

/** What keeps processes from running as they are told to. */
export function processFaults(
  { TERMINATION_GRACE_PERIOD_SECONDS: graceMs }: Environment,
  { times, workers, redis }: Pick<Settings, 'times' | 'workers' | 'redis'>,
): readonly Fault[] {
  const faults: Fault[] = [];
  const neededMs = times.drainMs + marginAfterDrainMs;
  if (graceMs !== undefined && graceMs < neededMs) {
    const message = `leaves ${inSeconds(graceMs)} where a drain takes ${inSeconds(neededMs)}: streams would be cut and not settled. Raise the platform's grace period, or lower DRAIN_TIMEOUT_SECONDS (${inSeconds(times.drainMs)})`;
    faults.push({ place: 'environment TERMINATION_GRACE_PERIOD_SECONDS', message });
  }
  if (workers > 1 && redis === undefined) {
    const message = `asks for ${workers} processes, which share their state in Redis only: set REDIS_URL, or take 1`;
    faults.push({ place: 'environment NUM_WORKERS', message });
  }
  return faults;
}

function inSeconds(ms: number): string {
  return `${ms / 1_000} s`;
}
