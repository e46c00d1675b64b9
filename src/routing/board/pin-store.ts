/**
 * Port: where conversations went, for all replicas. For callers whose admission does not bring the answer along; losing a pin
 * costs a prompt cache, never a request.
 */
export abstract class PinStore {
  /** In the order of the question; undefined where nothing is, or nobody can say. Never fails. */
  abstract ask(pins: readonly string[]): readonly (string | undefined)[] | Promise<readonly (string | undefined)[]>;
  /** Not waited for; never fails. */
  abstract pin(pin: string, value: string, ttlMs: number): void;
}
