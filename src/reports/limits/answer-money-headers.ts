import { dollarsFromNanos } from '../../kernel/money';
import { type LimitState } from '../../metering/meter';
import { type Cost, type PriceAdjustment } from '../../protocol/pricing/cost-of';
import { codexWindowHeaders } from './codex-windows';
import { rateHeaders } from './limit-headers';
import { rateKindOf } from './limit-words';

/** What is known when the headers of an answer are written. */
export interface MoneyFacts {
  /** Of the admission: `Admitted.limits`. */
  readonly limits: readonly LimitState[];
  /** Nano-dollars that this very request set aside; they are part of the budgets' `used`, and not spent yet. */
  readonly heldNanos: number;
  /** Undefined for a stream, whose headers leave before its cost is known. */
  readonly cost?: Cost;
  readonly adjustment?: PriceAdjustment;
  /** A Codex CLI reads the holder's tightest budgets from `x-codex-primary-*` and `x-codex-secondary-*`. */
  readonly isCodexCli: boolean;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Headers of an answer about money and limits, streamed or whole: LiteLLM's names, OpenAI's, and the Codex CLI's. */
export function answerMoneyHeaders(facts: MoneyFacts): Record<string, string> {
  const { limits, cost, adjustment, nowMs } = facts;
  return {
    ...keyHeaders(facts),
    ...(cost === undefined ? {} : costHeaders(cost, adjustment)),
    ...rateHeaders(limits, nowMs),
    ...(facts.isCodexCli ? codexWindowHeaders(limits) : {}),
  };
}

function costHeaders({ nanos, parts }: Cost, adjustment: PriceAdjustment | undefined): Record<string, string> {
  const headers: Record<string, string> = { 'x-litellm-response-cost': dollars(nanos) };
  if (parts.discount === 0 && parts.margin === 0) return headers;
  headers['x-litellm-response-cost-original'] = dollars(nanos + parts.discount - parts.margin);
  if (parts.discount > 0) headers['x-litellm-response-cost-discount-amount'] = dollars(parts.discount);
  if (parts.margin === 0) return headers;
  headers['x-litellm-response-cost-margin-amount'] = dollars(parts.margin);
  if (adjustment !== undefined && adjustment.marginPpm > 0) {
    headers['x-litellm-response-cost-margin-percent'] = String(adjustment.marginPpm / 10_000);
  }
  return headers;
}

/** The key's own limits. Of several money budgets the longest tells most: the one without an end, else the largest. */
function keyHeaders({ limits, heldNanos, cost }: MoneyFacts): Record<string, string> {
  const headers: Record<string, string> = {};
  const own = limits.filter(({ scope, model }) => scope === 'key' && model === undefined);
  const budgets = own.filter(({ limit }) => limit === 'nano_usd');
  const budget = budgets.find(({ resetAtMs }) => resetAtMs === undefined) ?? budgets.reduce(larger, budgets[0]);
  if (budget !== undefined) {
    const spent = Math.max(0, budget.used - heldNanos) + (cost?.nanos ?? 0);
    headers['x-litellm-key-spend'] = dollars(spent);
    headers['x-litellm-key-max-budget'] = dollars(budget.max);
  }
  for (const state of own) {
    const kind = rateKindOf(state);
    if (kind === 'requests') headers['x-litellm-key-rpm-limit'] = String(state.max);
    if (kind === 'tokens') headers['x-litellm-key-tpm-limit'] = String(state.max);
  }
  return headers;
}

function larger(best: LimitState | undefined, state: LimitState): LimitState {
  return best === undefined || state.max > best.max ? state : best;
}

/** Plain decimals: a nano-dollar as `1e-9` is no number to many readers of headers. */
function dollars(nanos: number): string {
  const text = dollarsFromNanos(nanos).toFixed(9).replace(/0+$/, '');
  return text.endsWith('.') ? `${text}0` : text;
}
