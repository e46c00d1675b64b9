const K = 'hashed_api_key api_key_alias';
const T = 'team team_alias';
const D = 'litellm_model_name model_id api_base api_provider';
const proxy = `end_user ${K} requested_model ${T} user user_email route client_ip user_agent model_id`;
const served = `end_user ${K} model ${T} user user_email client_ip user_agent model_id`;
const tokens = `end_user ${K} model ${T} user user_email requested_model model_id`;
const latency = `end_user ${K} model ${T} user requested_model model_id`;
const place = `model_group api_provider api_base litellm_model_name ${K} model_id`;
const attempt = `requested_model ${D} ${K} ${T} client_ip user_agent`;
const fallback = `requested_model fallback_model ${K} ${T} exception_status exception_class model_id`;

/** LiteLLM's metrics as its users know them: name as Prometheus shows it, type, labels. */
export const litellmMetrics: readonly (readonly [name: string, type: string, labels: string])[] = [
  ['litellm_proxy_total_requests_metric_total', 'counter', `${proxy} status_code stream`],
  ['litellm_proxy_failed_requests_metric_total', 'counter', `${proxy} exception_status exception_class`],
  ['litellm_requests_metric_total', 'counter', served],
  ['litellm_spend_metric_total', 'counter', served],
  ['litellm_input_tokens_metric_total', 'counter', tokens],
  ['litellm_output_tokens_metric_total', 'counter', tokens],
  ['litellm_total_tokens_metric_total', 'counter', tokens],
  ['litellm_input_cached_tokens_metric_total', 'counter', tokens],
  ['litellm_input_cache_creation_tokens_metric_total', 'counter', tokens],
  ['litellm_output_reasoning_tokens_metric_total', 'counter', tokens],
  ['litellm_request_total_latency_metric', 'histogram', latency],
  ['litellm_llm_api_latency_metric', 'histogram', latency],
  ['litellm_llm_api_time_to_first_token_metric', 'histogram', latency],
  ['litellm_request_queue_time_seconds', 'histogram', latency],
  ['litellm_overhead_latency_metric', 'histogram', place],
  ['litellm_deployment_latency_per_output_token', 'histogram', `${D} ${K} ${T}`],
  ['litellm_deployment_success_responses_total', 'counter', attempt],
  ['litellm_deployment_total_requests_total', 'counter', attempt],
  ['litellm_deployment_failure_responses_total', 'counter', `${attempt} exception_status exception_class`],
  ['litellm_deployment_state', 'gauge', D],
  ['litellm_deployment_tpm_limit', 'gauge', D],
  ['litellm_deployment_rpm_limit', 'gauge', D],
  ['litellm_deployment_cooled_down_total', 'counter', `${D} exception_status`],
  ['litellm_deployment_successful_fallbacks_total', 'counter', fallback],
  ['litellm_deployment_failed_fallbacks_total', 'counter', fallback],
  ['litellm_remaining_requests_metric', 'gauge', place],
  ['litellm_remaining_tokens_metric', 'gauge', place],
  ['litellm_remaining_requests', 'gauge', place],
  ['litellm_remaining_tokens', 'gauge', place],
  ['litellm_remaining_api_key_requests_for_model', 'gauge', `${K} model model_id`],
  ['litellm_remaining_api_key_tokens_for_model', 'gauge', `${K} model model_id`],
  ['litellm_remaining_team_budget_metric', 'gauge', T],
  ['litellm_team_max_budget_metric', 'gauge', T],
  ['litellm_team_budget_remaining_hours_metric', 'gauge', T],
  ['litellm_remaining_api_key_budget_metric', 'gauge', K],
  ['litellm_api_key_max_budget_metric', 'gauge', K],
  ['litellm_api_key_budget_remaining_hours_metric', 'gauge', K],
  ['litellm_remaining_user_budget_metric', 'gauge', 'user'],
  ['litellm_user_max_budget_metric', 'gauge', 'user'],
  ['litellm_user_budget_remaining_hours_metric', 'gauge', 'user'],
  ['litellm_remaining_customer_budget_metric', 'gauge', 'end_user'],
  ['litellm_customer_max_budget_metric', 'gauge', 'end_user'],
  ['litellm_customer_budget_remaining_hours_metric', 'gauge', 'end_user'],
  ['litellm_in_flight_requests', 'gauge', ''],
  ['litellm_callback_logging_failures_metric_total', 'counter', 'callback_name'],
  ['litellm_in_memory_spend_update_queue_size', 'gauge', ''],
  ['litellm_redis_latency', 'histogram', 'redis'],
  ['litellm_redis_fails_total', 'counter', 'redis'],
  ['litellm_self_latency', 'histogram', 'self'],
  ['litellm_llm_api_failed_requests_metric_total', 'counter', `${K} ${T} model user end_user`],
];

/** What cannot be told here, and why. */
export const meaninglessMetrics: Readonly<Record<string, string>> = {
  litellm_cached_tokens_metric: 'the gateway caches no answers',
  litellm_cache_hits_metric: 'the gateway caches no answers',
  litellm_cache_misses_metric: 'the gateway caches no answers',
  litellm_pod_lock_manager_size: 'nothing is written in turns: each settlement is one atomic operation',
  litellm_redis_spend_update_queue_size: 'there is no queue in Redis',
  litellm_redis_daily_spend_update_queue_size: 'there is no queue in Redis',
  litellm_in_memory_daily_spend_update_queue_size: 'daily figures are written with the settlement',
  litellm_postgres_latency: 'there is no SQL database',
};
