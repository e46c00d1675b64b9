/**
 * A small cache that all replicas share when they share a Redis; otherwise this machine's or this process's own. Losing it
 * costs time, never correctness, so nothing in it may be a secret or the only copy of anything. Keys are plain words of ours,
 * values text.
 */
export abstract class SharedCache {
  /** Undefined when absent, too old, or when the place that keeps it is out of reach. */
  abstract get(key: string): Promise<string | undefined>;

  /** Keeps `value` for `ttlMs`. Never fails: what cannot be kept is asked for again. */
  abstract set(key: string, value: string, ttlMs: number): Promise<void>;

  /**
   * True for one caller over all replicas until `ttlMs` have passed, whether or not it is done. While the shared place is
   * out of reach, true for one caller of this process: work is done once per replica rather than never.
   */
  abstract claim(key: string, ttlMs: number): Promise<boolean>;
}
