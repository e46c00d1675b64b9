import { dollarsFromNanos } from '../../kernel/money';
import { type JsonObject } from '../canonical/canonical-request';

/** The usage object of a stream's last chunk with LiteLLM's `cost` in it, dollars; for `include_cost_in_streaming_usage`. */
export function usageWithCost(usage: JsonObject, nanos: number): JsonObject {
  return { ...usage, cost: dollarsFromNanos(nanos) };
}
