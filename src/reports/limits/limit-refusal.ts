import { GatewayError, type GatewayErrorOptions } from '../../kernel/errors';
import { type LimitState } from '../../metering/meter';
import { rateHeaders } from './limit-headers';
import {
  amountWords,
  budgetWord,
  limitName,
  nameOf,
  rateKindOf,
  type RateKind,
  remainingOf,
  scopeWord,
} from './limit-words';

/** What decides how a full limit is told. */
export interface RefusalOptions {
  /** `litellm_compat.budget_status`. */
  readonly budgetStatus: 400 | 422 | 429;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** Nobody knows when a running request ends; this is as soon as it is polite to ask again. Milliseconds. */
const parallelRetryMs = 1_000;

/**
 * The error for a request that a full limit keeps out; nothing was taken from anyone.
 *
 * Rates: 429 `throttling_error` in LiteLLM's words, with the time that really is left. Budgets: type `budget_exceeded`, and
 * clients are told not to try again on their own. Both name the limit, what is left and the reset in `error.gateway`.
 */
export function limitRefusal(state: LimitState, options: RefusalOptions): GatewayError {
  const kind = rateKindOf(state);
  return kind === undefined ? budgetRefusal(state, options) : rateRefusal(state, kind, options);
}

function rateRefusal(state: LimitState, kind: RateKind, { nowMs }: RefusalOptions): GatewayError {
  const retryAfterMs =
    state.resetAtMs === undefined ? parallelRetryMs : Math.max(parallelRetryMs, state.resetAtMs - nowMs);
  const reset = state.resetAtMs === undefined ? 'when a running request ends' : `at: ${utc(state.resetAtMs)}`;
  const model = state.model === undefined ? '' : ` Model: ${state.model}.`;
  return new GatewayError({
    status: 429,
    type: 'throttling_error',
    code: 'rate_limit_exceeded',
    message: `Rate limit exceeded for ${scopeWord(state)}: ${nameOf(state)}.${model} Limit type: ${kind}. Current limit: ${state.max}, Remaining: ${remainingOf(state)}. Limit resets ${reset}`,
    ...gatewayPart(state),
    retryAfterMs,
    headers: {
      rate_limit_type: kind,
      ...(state.resetAtMs === undefined ? {} : { reset_at: utc(state.resetAtMs) }),
      ...rateHeaders([state], nowMs),
    },
  });
}

function budgetRefusal(state: LimitState, { budgetStatus, nowMs }: RefusalOptions): GatewayError {
  const { resetAtMs } = state;
  const who = `${budgetWord(state)}=${nameOf(state)}`;
  const model = state.model === undefined ? '' : ` for model=${state.model}`;
  // Room is kept for what a request may come to, so the last of a budget may be too little for one.
  const tooLittle = state.used < state.max ? ', and what is left is too little for what this request may cost' : '';
  const spent = `Current cost: ${amountWords(state, state.used)}, Max budget: ${amountWords(state, state.max)}${tooLittle}`;
  const reset =
    resetAtMs === undefined
      ? 'Ask the operator of this gateway to raise it.'
      : `It starts anew at ${utc(resetAtMs)}; the operator of this gateway can raise it before.`;
  return new GatewayError({
    status: budgetStatus,
    type: 'budget_exceeded',
    code: 'budget_exceeded',
    message: `Budget has been exceeded! ${who}${model} ${spent}. ${reset}`,
    ...gatewayPart(state),
    shouldRetry: false,
    ...(resetAtMs === undefined ? {} : { retryAfterMs: Math.max(1_000, resetAtMs - nowMs) }),
  });
}

function gatewayPart(state: LimitState): Pick<GatewayErrorOptions, 'author' | 'limit' | 'remaining' | 'resetAtMs'> {
  const { limit, resetAtMs } = state;
  return {
    author: limit === 'plan_5h' || limit === 'plan_week' ? 'plan_window' : 'key',
    limit: limitName(state),
    remaining: remainingOf(state),
    ...(resetAtMs === undefined ? {} : { resetAtMs }),
  };
}

/** `2026-11-26 19:20:41 UTC`: rounded up to the second at which the limit is free. */
function utc(ms: number): string {
  return `${new Date(Math.ceil(ms / 1_000) * 1_000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
