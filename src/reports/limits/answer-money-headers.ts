import { type LimitState } from '../../metering/meter';
import { type Cost, type PriceAdjustment } from '../../protocol/pricing/cost-of';
import { addCodexWindowHeaders } from './codex-windows';
import { addRateHeaders } from './limit-headers';
import { hasMax, rateKindOf } from './limit-words';

type Headers = Record<string, string>;

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
export function answerMoneyHeaders(facts: MoneyFacts): Headers {
  const { limits, cost } = facts;
  const headers: Headers = {};
  addKeyHeaders(headers, facts);
  if (cost !== undefined) addCostHeaders(headers, cost, facts.adjustment);
  addRateHeaders(headers, limits, facts.nowMs);
  if (facts.isCodexCli) addCodexWindowHeaders(headers, limits);
  return headers;
}

function addCostHeaders(headers: Headers, { nanos, parts }: Cost, adjustment: PriceAdjustment | undefined): void {
  headers['x-litellm-response-cost'] = dollars(nanos);
  if (parts.discount === 0 && parts.margin === 0) return;
  headers['x-litellm-response-cost-original'] = dollars(nanos + parts.discount - parts.margin);
  if (parts.discount > 0) headers['x-litellm-response-cost-discount-amount'] = dollars(parts.discount);
  if (parts.margin === 0) return;
  headers['x-litellm-response-cost-margin-amount'] = dollars(parts.margin);
  if (adjustment !== undefined && adjustment.marginPpm > 0) {
    // A fraction in spite of its name, as LiteLLM has it.
    headers['x-litellm-response-cost-margin-percent'] = String(adjustment.marginPpm / 1_000_000);
  }
}

/** The key's own limits. Of several money budgets the longest tells most: the one without an end, else the largest. */
function addKeyHeaders(headers: Headers, { limits, heldNanos, cost }: MoneyFacts): void {
  let budget: LimitState | undefined;
  for (const state of limits) {
    if (state.scope !== 'key' || state.model !== undefined) continue;
    if (state.limit === 'nano_usd') {
      budget = tellsMore(budget, state);
      continue;
    }
    const kind = rateKindOf(state);
    if (kind === 'requests') headers['x-litellm-key-rpm-limit'] = String(state.max);
    else if (kind === 'tokens') headers['x-litellm-key-tpm-limit'] = String(state.max);
  }
  if (budget === undefined) return;
  headers['x-litellm-key-spend'] = dollars(Math.max(0, budget.used - heldNanos) + (cost?.nanos ?? 0));
  if (hasMax(budget)) headers['x-litellm-key-max-budget'] = dollars(budget.max);
}

function tellsMore(best: LimitState | undefined, state: LimitState): LimitState {
  if (best === undefined || !hasMax(best)) return state;
  if (!hasMax(state)) return best;
  if (state.resetAtMs === undefined) return state;
  return best.resetAtMs === undefined || best.max >= state.max ? best : state;
}

const nanosPerDollar = 1_000_000_000;

/** Plain decimals: a nano-dollar as `1e-9` is no number to many readers of headers. */
function dollars(nanos: number): string {
  const whole = Math.floor(nanos / nanosPerDollar);
  let rest = nanos - whole * nanosPerDollar;
  if (rest === 0) return `${whole}.0`;
  let digits = 9;
  while (rest % 10 === 0) {
    rest /= 10;
    digits -= 1;
  }
  return `${whole}.${String(rest).padStart(digits, '0')}`;
}
