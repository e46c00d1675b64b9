import { z } from 'zod';
import { amount, count, flag, key, secondsOrZero, texts } from './file-values';
import {
  allowedFails,
  checksByGroup,
  fallbackList,
  patterns,
  retryCounts,
  retryCountsByGroup,
  strategies,
} from './routing-values';

/** Kept in `litellm_settings` too, where LiteLLM also reads them; `router_settings` wins. */
const inBothSections = {
  allowed_fails: key(
    count,
    'failures within cooldown_time that a deployment may have; other than 3 it replaces the usual rule',
  ),
  cooldown_time: key(secondsOrZero, 'how long a failing deployment is left alone, in seconds; 0: never'),
  fallbacks: key(fallbackList, 'model groups that stand in for others'),
  context_window_fallbacks: key(fallbackList, 'the same, for input that is too long'),
  content_policy_fallbacks: key(fallbackList, 'the same, for prompts that the upstream refuses by its policy'),
  default_fallbacks: key(texts, 'model groups that stand in for any other'),
} as const;

const alwaysOn = 'always on';

/** Keys of the file that the routing settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const routingKeys = {
  general: {},
  litellm: inBothSections,
  router: {
    ...inBothSections,
    routing_strategy: key(
      z.enum(strategies, { error: `must be one of ${strategies.join(', ')}` }),
      'how a deployment is chosen; without it quota-headroom where a group has several Codex accounts, else simple-shuffle',
    ),
    routing_strategy_args: key(
      z.looseObject({ ttl: secondsOrZero.nullish(), lowest_latency_buffer: amount.nullish() }),
      'ttl and lowest_latency_buffer of latency-based-routing',
    ),
    retry_after: key(secondsOrZero, 'shortest wait before a try at the same deployment, in seconds'),
    retry_policy: key(
      retryCounts,
      'tries after the first one, by kind of failure; an account that is used up, logged out or lacks the model is left for the next one at once, unless this says 0',
    ),
    model_group_retry_policy: key(retryCountsByGroup, 'the same for single model groups'),
    retry_budget: key(
      z.looseObject({ percent: amount.nullish(), minimum: count.nullish() }),
      'most retries of a model group in a minute: percent of its calls, and never fewer than minimum',
    ),
    max_fallbacks: key(count, 'most model groups tried in the place of one'),
    allowed_fails_policy: key(
      allowedFails,
      'allowed_fails by kind of failure; a used-up plan rests until its reset in any case, and a request at fault is never counted',
    ),
    disable_cooldowns: key(flag, 'true: no deployment is ever left alone'),
    enable_pre_call_checks: key(flag, 'deployments whose context window is too small are passed over'),
    enable_pre_call_check: key(flag, 'read as enable_pre_call_checks', 'mapped'),
    optional_pre_call_checks: key(
      texts,
      'enforce_model_rate_limits is honoured; the affinity checks are always on; the others are not there',
      'mapped',
    ),
    deployment_affinity_ttl_seconds: key(secondsOrZero, 'how long a conversation is remembered, in seconds'),
    model_group_affinity_config: key(
      checksByGroup,
      'a group whose list names no affinity check keeps no conversations together',
      'mapped',
    ),
    conversation_affinity: key(flag, 'false: only what is bound to an account keeps a conversation there'),
    enable_tag_filtering: key(flag, 'requests with tags go to deployments with those tags'),
    tag_filtering_match_any: key(flag, 'false: a deployment needs all tags of the request'),
    default_max_parallel_requests: key(count, 'most calls at once, for deployments that set nothing themselves'),
    queue_timeout: key(
      secondsOrZero,
      'longest wait for a deployment when all are busy or resting (2 without it), and, where it is set, for a parallel slot of a key, in seconds; 0: none',
    ),
    quota_poll_seconds: key(
      secondsOrZero,
      'how often an account that nobody uses is asked for its quota, in seconds; 0: never',
    ),
    expose_plan_quota: key(flag, 'true: clients see the x-codex-* quota headers of the account that answered'),
    enable_health_check_routing: key(flag, `${alwaysOn}: deployments are judged by the calls they get`, 'mapped'),
  },
  /** `litellm_params` of a deployment. */
  deployment: {
    weight: key(amount, 'share of the calls under simple-shuffle'),
    rpm: key(count, 'requests in a minute: a share under simple-shuffle, a limit with enforce_model_rate_limits'),
    tpm: key(count, 'tokens in a minute: the same for tokens'),
    order: key(count, 'deployments with a lower number go first'),
    max_parallel_requests: key(count, 'most calls at once'),
    max_retries: key(count, 'same as num_retries', 'mapped'),
    num_retries: key(count, 'tries after the first one'),
    cooldown_time: key(secondsOrZero, 'how long it is left alone when it fails, in seconds; 0: never'),
    allowed_fails: key(count, 'failures within cooldown_time that it may have'),
    allowed_fails_policy: key(allowedFails, 'the same by kind of failure'),
    tags: key(texts, 'tags that lead requests here'),
    tag_regex: key(patterns, 'patterns for lines such as "User-Agent: …" that lead requests here'),
  },
} as const;
