/** Port: the time of day, so that tests can move it. */
export abstract class Clock {
  /** Milliseconds since the Unix epoch, an integer. May jump: use `monotonicMs` for durations. */
  abstract nowMs(): number;

  /** Milliseconds on a clock that never goes back; only differences have a meaning. Fractions allowed. */
  abstract monotonicMs(): number;
}
