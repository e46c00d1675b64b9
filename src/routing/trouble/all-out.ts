import { GatewayError, type GatewayErrorOptions } from '../../kernel/errors';
import { isLastingWait } from '../../kernel/upstream-failure';
import { type Cooldown, type CooldownKind } from './cooldown';

/** Why a deployment cannot be called now. */
export type Hindrance =
  | { readonly kind: 'resting'; readonly cooldown: Cooldown }
  /** As many calls at once as it may have. */
  | { readonly kind: 'busy' }
  /** More requests or tokens in this minute than it may have; Unix milliseconds. */
  | { readonly kind: 'rate'; readonly untilMs: number }
  /** Paused by the operator. */
  | { readonly kind: 'paused' };

/** What a refusal is made of, by what holds the deployments back. */
type Words = Pick<GatewayErrorOptions, 'status' | 'type' | 'code' | 'author'> & {
  readonly why: string;
  readonly limit?: string;
};

const cooldownWords: Readonly<Record<CooldownKind, Words>> = {
  quota: {
    status: 429,
    type: 'usage_limit_reached',
    code: 'usage_limit_reached',
    author: 'plan_window',
    limit: 'plan_window',
    why: 'The upstream plans have used up their quota for this window.',
  },
  quarantine: {
    status: 503,
    type: 'upstream_authentication_error',
    code: 'upstream_authentication_error',
    author: 'upstream',
    why: 'The upstream does not accept the logins of this gateway. Your key is fine; the operator has to sign in again.',
  },
  edge: {
    status: 503,
    type: 'upstream_blocked',
    code: 'upstream_blocked',
    author: 'edge',
    why: 'A network edge in front of the upstream blocks this gateway. Your key and your request are fine.',
  },
  model: {
    status: 404,
    type: 'invalid_request_error',
    code: 'model_not_found',
    author: 'upstream',
    why: 'None of the upstream accounts can use this model.',
  },
  burst: {
    status: 429,
    type: 'all_deployments_in_cooldown',
    code: 'rate_limit_exceeded',
    author: 'upstream',
    limit: 'upstream_rate',
    why: 'The upstream accounts are rate limited for a moment.',
  },
  errors: {
    status: 429,
    type: 'all_deployments_in_cooldown',
    code: 'rate_limit_exceeded',
    author: 'upstream',
    why: 'Their last calls failed, and they are left alone for a moment.',
  },
  network: {
    status: 429,
    type: 'all_deployments_in_cooldown',
    code: 'rate_limit_exceeded',
    author: 'upstream',
    why: 'They cannot be reached, and are left alone for a moment.',
  },
};
const mixed: Words = {
  status: 429,
  type: 'all_deployments_in_cooldown',
  code: 'rate_limit_exceeded',
  author: 'gateway',
  why: 'Some are used up or rate limited, others failed or are busy.',
};
const busy: Words = {
  status: 429,
  type: 'rate_limit_error',
  code: 'rate_limit_exceeded',
  author: 'gateway',
  limit: 'max_parallel_requests',
  why: 'Each has as many calls at once as it may have.',
};
const rate: Words = {
  ...busy,
  limit: 'model_rate_limit',
  why: 'Each has had as many requests or tokens in this minute as it may have.',
};
const paused: Words = {
  status: 503,
  type: 'service_unavailable',
  code: 'deployment_paused',
  author: 'gateway',
  why: 'The operator has paused them.',
};

/** When busy deployments may be free again; a guess, milliseconds. */
const busyMs = 1_000;

/**
 * Nobody can take the call: one refusal that says who keeps it back, and when it will work again. All for one reason gets
 * that reason; used-up plans beside refused logins count as used up; anything else mixed is a 429.
 */
export function allOut(hindrances: readonly Hindrance[], nowMs: number): GatewayError {
  const { why: usually, limit, ...words } = wordsFor(hindrances);
  const why = words.author === 'upstream' && words.status === 503 ? (adviceIn(hindrances) ?? usually) : usually;
  const resetAtMs = earliest(hindrances, nowMs);
  const waitMs = resetAtMs === undefined ? undefined : Math.max(resetAtMs - nowMs, 1);
  const again = waitMs === undefined ? '' : `, Try again in ${Math.ceil(waitMs / 1000)} seconds`;
  return new GatewayError({
    ...words,
    message: `No deployments available for selected model${again}. ${why}`,
    ...(limit === undefined ? {} : { limit, remaining: 0 }),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(resetAtMs === undefined ? {} : { resetAtMs }),
    ...(waitMs === undefined || isLastingWait(waitMs) ? { shouldRetry: false } : {}),
  });
}

function wordsFor(hindrances: readonly Hindrance[]): Words {
  const kinds = new Set(hindrances.filter(({ kind }) => kind !== 'paused').map(kindOf));
  if (kinds.has('quota')) kinds.delete('quarantine');
  const [only] = kinds;
  if (only === undefined) return paused;
  if (kinds.size > 1) return mixed;
  if (only === 'busy') return busy;
  return only === 'rate' ? rate : cooldownWords[only];
}

/** The first login that says what a person has to do. */
function adviceIn(hindrances: readonly Hindrance[]): string | undefined {
  for (const each of hindrances) {
    if (each.kind === 'resting' && each.cooldown.advice !== undefined) return each.cooldown.advice;
  }
  return undefined;
}

function kindOf(hindrance: Hindrance): CooldownKind | 'busy' | 'rate' {
  if (hindrance.kind === 'resting') return hindrance.cooldown.kind;
  return hindrance.kind === 'rate' ? 'rate' : 'busy';
}

/** When the first of these is over, Unix milliseconds; undefined when only a person can help. */
export function earliest(hindrances: readonly Hindrance[], nowMs: number): number | undefined {
  let first: number | undefined;
  for (const each of hindrances) {
    if (each.kind === 'paused') continue;
    const untilMs = each.kind === 'busy' ? nowMs + busyMs : each.kind === 'rate' ? each.untilMs : each.cooldown.untilMs;
    if (first === undefined || untilMs < first) first = untilMs;
  }
  return first;
}
