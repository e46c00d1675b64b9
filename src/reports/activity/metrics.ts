import { dollarsFromNanos } from '../../kernel/money';
import { type RollupMetrics } from '../../metering/ledger';
import { type JsonObject } from '../../protocol/canonical/canonical-request';

/** Sums of daily figures. Nano-dollars and counts: they become dollars only when they are shown. */
export class MetricSums {
  spend = 0;
  input = 0;
  cached = 0;
  written = 0;
  output = 0;
  succeeded = 0;
  failed = 0;

  add(metrics: RollupMetrics): void {
    this.spend += metrics.spend;
    this.input += metrics.inputTokens;
    this.cached += metrics.cachedInputTokens;
    this.written += metrics.cacheWriteTokens;
    this.output += metrics.outputTokens;
    this.succeeded += metrics.succeeded;
    this.failed += metrics.failed;
  }

  get requests(): number {
    return this.succeeded + this.failed;
  }

  get tokens(): number {
    return this.input + this.output;
  }

  get dollars(): number {
    return dollarsFromNanos(this.spend);
  }

  /** LiteLLM's `metrics` of a day or of one part of it. */
  shown(): JsonObject {
    return {
      spend: this.dollars,
      prompt_tokens: this.input,
      completion_tokens: this.output,
      cache_read_input_tokens: this.cached,
      cache_creation_input_tokens: this.written,
      total_tokens: this.tokens,
      successful_requests: this.succeeded,
      failed_requests: this.failed,
      api_requests: this.requests,
    };
  }
}

/** The sums under a name, made at its first use. */
export function sumsOf<K>(all: Map<K, MetricSums>, name: K): MetricSums {
  const known = all.get(name);
  if (known !== undefined) return known;
  const made = new MetricSums();
  all.set(name, made);
  return made;
}

/** Sums by a part of the cell, for example its model. */
export function sumsBy<C extends { readonly metrics: RollupMetrics }, K>(
  cells: readonly C[],
  partOf: (cell: C) => K,
): ReadonlyMap<K, MetricSums> {
  const sums = new Map<K, MetricSums>();
  for (const cell of cells) sumsOf(sums, partOf(cell)).add(cell.metrics);
  return sums;
}
