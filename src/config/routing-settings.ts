import { type CountsByError, type FallbackList, type StrategyName } from './routing-values';
import { type FileSections } from './settings-sources';

/** How calls are spread over deployments, tried again and passed on. Milliseconds where a name ends in `Ms`. */
export interface RoutingSettings {
  /** Undefined: `quota-headroom` for groups with more than one Codex account, else `simple-shuffle`. */
  readonly strategy: StrategyName | undefined;
  readonly latency: {
    /** How long a measurement counts. */
    readonly ttlMs: number;
    /** Fraction of the lowest latency within which deployments count as equal. */
    readonly buffer: number;
  };
  /** Tries after the first one, unless deployment or request say otherwise. */
  readonly numRetries: number;
  /** Shortest wait before the same deployment is tried again. */
  readonly retryAfterMs: number;
  readonly retryPolicy: CountsByError | undefined;
  readonly groupRetryPolicies: ReadonlyMap<string, CountsByError>;
  /** Most retries of a group in a minute: this share of its calls, and never fewer than `minimum`. */
  readonly retryBudget: { readonly share: number; readonly minimum: number };
  readonly fallbacks: FallbackSettings;
  readonly cooldown: CooldownSettings;
  readonly affinity: AffinitySettings;
  /** Deployments whose context window is too small for the input are passed over. */
  readonly checksContext: boolean;
  /** `rpm` and `tpm` of a deployment are limits, not only weights. */
  readonly enforcesRates: boolean;
  readonly tags: { readonly isOn: boolean; readonly matchAny: boolean };
  /** For deployments that set nothing of the kind; undefined: no limit. */
  readonly defaultMaxParallel: number | undefined;
  /** Longest wait for a deployment when all are busy or resting; 0: none. */
  readonly queueTimeoutMs: number;
  /** How often an account without news is asked for its quota; 0: never. */
  readonly quotaPollMs: number;
  /** Clients see the quota headers of the account that answered. */
  readonly showsPlanQuota: boolean;
}

/** Which groups stand in for which. A list that is undefined was not configured at all. */
export interface FallbackSettings {
  readonly general: FallbackList;
  readonly contextWindow: FallbackList | undefined;
  readonly contentPolicy: FallbackList | undefined;
  /** For every group without another entry. */
  readonly byDefault: readonly string[];
  /** Most groups tried in the place of one. */
  readonly max: number;
}

/** When deployments are left alone, and for how long. */
export interface CooldownSettings {
  readonly isOn: boolean;
  readonly timeMs: number;
  /** Failures within `timeMs` that are borne; undefined leaves it to the share of failures in a minute. */
  readonly allowedFails: number | undefined;
  readonly allowedFailsPolicy: CountsByError | undefined;
}

/** Which conversations stay where they began. What is bound to an account stays in any case. */
export interface AffinitySettings {
  readonly isSoftOn: boolean;
  /** Groups that differ from `isSoftOn`. */
  readonly groups: ReadonlyMap<string, boolean>;
  readonly ttlMs: number;
}

/** What counts when no file says otherwise. */
export const defaultRouting: RoutingSettings = {
  strategy: undefined,
  latency: { ttlMs: 3_600_000, buffer: 0 },
  numRetries: 2,
  retryAfterMs: 0,
  retryPolicy: undefined,
  groupRetryPolicies: new Map(),
  retryBudget: { share: 0.2, minimum: 3 },
  fallbacks: { general: new Map(), contextWindow: undefined, contentPolicy: undefined, byDefault: [], max: 5 },
  cooldown: { isOn: true, timeMs: 5_000, allowedFails: undefined, allowedFailsPolicy: undefined },
  affinity: { isSoftOn: true, groups: new Map(), ttlMs: 3_600_000 },
  checksContext: false,
  enforcesRates: false,
  tags: { isOn: false, matchAny: true },
  defaultMaxParallel: undefined,
  queueTimeoutMs: 2_000,
  quotaPollMs: 900_000,
  showsPlanQuota: false,
};

/** LiteLLM's default, which says nothing: every other number switches to counting failures. */
const sayingNothing = 3;
const affinityChecks: readonly string[] = ['deployment_affinity', 'session_affinity', 'prompt_caching'];

type Router = FileSections['router'];
type Litellm = FileSections['litellm'];

/** From `router_settings`, then `litellm_settings`. */
export function readRouting({ litellm, router }: FileSections): RoutingSettings {
  return {
    strategy: router.routing_strategy ?? undefined,
    latency: latencyOf(router),
    ...retriesOf(router, litellm),
    fallbacks: fallbacksOf(router, litellm),
    cooldown: cooldownOf(router, litellm),
    affinity: affinityOf(router),
    ...checksOf(router),
    defaultMaxParallel: router.default_max_parallel_requests ?? undefined,
    queueTimeoutMs: router.queue_timeout ?? defaultRouting.queueTimeoutMs,
    quotaPollMs: router.quota_poll_seconds ?? defaultRouting.quotaPollMs,
    showsPlanQuota: router.expose_plan_quota === true,
  };
}

function latencyOf({ routing_strategy_args: args }: Router): RoutingSettings['latency'] {
  const { ttlMs, buffer } = defaultRouting.latency;
  return { ttlMs: args?.ttl ?? ttlMs, buffer: args?.lowest_latency_buffer ?? buffer };
}

type Retries = Pick<
  RoutingSettings,
  'numRetries' | 'retryAfterMs' | 'retryPolicy' | 'groupRetryPolicies' | 'retryBudget'
>;

function retriesOf(router: Router, litellm: Litellm): Retries {
  const { share, minimum } = defaultRouting.retryBudget;
  const percent = router.retry_budget?.percent ?? undefined;
  return {
    numRetries: router.num_retries ?? litellm.num_retries ?? defaultRouting.numRetries,
    retryAfterMs: router.retry_after ?? defaultRouting.retryAfterMs,
    retryPolicy: router.retry_policy ?? undefined,
    groupRetryPolicies: router.model_group_retry_policy ?? new Map(),
    retryBudget: {
      share: percent === undefined ? share : percent / 100,
      minimum: router.retry_budget?.minimum ?? minimum,
    },
  };
}

function fallbacksOf(router: Router, litellm: Litellm): FallbackSettings {
  return {
    general: router.fallbacks ?? litellm.fallbacks ?? new Map(),
    contextWindow: router.context_window_fallbacks ?? litellm.context_window_fallbacks ?? undefined,
    contentPolicy: router.content_policy_fallbacks ?? litellm.content_policy_fallbacks ?? undefined,
    byDefault: router.default_fallbacks ?? litellm.default_fallbacks ?? [],
    max: router.max_fallbacks ?? defaultRouting.fallbacks.max,
  };
}

function cooldownOf(router: Router, litellm: Litellm): CooldownSettings {
  const allowed = router.allowed_fails ?? litellm.allowed_fails ?? sayingNothing;
  const allowedFailsPolicy = router.allowed_fails_policy ?? undefined;
  const counts = allowed !== sayingNothing || allowedFailsPolicy !== undefined;
  return {
    isOn: router.disable_cooldowns !== true,
    timeMs: router.cooldown_time ?? litellm.cooldown_time ?? defaultRouting.cooldown.timeMs,
    allowedFails: counts ? allowed : undefined,
    allowedFailsPolicy,
  };
}

function affinityOf(router: Router): AffinitySettings {
  const groups = [...(router.model_group_affinity_config ?? [])].map(
    ([group, checks]) => [group, checks.some((check) => affinityChecks.includes(check))] as const,
  );
  return {
    isSoftOn: router.conversation_affinity ?? true,
    groups: new Map(groups),
    ttlMs: router.deployment_affinity_ttl_seconds ?? defaultRouting.affinity.ttlMs,
  };
}

function checksOf(router: Router): Pick<RoutingSettings, 'checksContext' | 'enforcesRates' | 'tags'> {
  const checksContext = router.enable_pre_call_checks ?? router.enable_pre_call_check ?? false;
  return {
    checksContext,
    enforcesRates: router.optional_pre_call_checks?.includes('enforce_model_rate_limits') ?? false,
    tags: { isOn: router.enable_tag_filtering === true, matchAny: router.tag_filtering_match_any !== false },
  };
}
