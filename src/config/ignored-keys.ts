const later = 'known from LiteLLM, but this release does not act on it yet';
const otherProviders = 'belongs to providers that the gateway does not speak';
const noDatabase = 'there is no SQL database';
const streaming = 'whether to stream is the caller’s choice';

/** LiteLLM's keys that do nothing here, with the reason an operator should read. */
const reasons: ReadonlyMap<string, string> = new Map([
  ...each(
    noDatabase,
    'database_url database_connection_pool_limit database_connection_timeout store_model_in_db disable_prisma_schema_update',
  ),
  ...each(
    otherProviders,
    'organization api_version region_name aws_access_key_id aws_secret_access_key aws_region_name vertex_project vertex_location vertex_credentials azure_ad_token',
  ),
  ...each(streaming, 'stream stream_options'),
  ...each(
    later,
    'alerting_threshold spend_report_frequency alert_type_config redact_user_api_key_info ' +
      'disable_adding_master_key_hash_to_db disable_retry_on_max_parallel_request_limit_error',
  ),
  ...each(
    'budgets and reports are worked out from the rows; maximum_spend_logs_retention_period says how long they stay',
    'disable_spend_logs disable_error_logs',
  ),
  ['store_prompts_in_spend_logs', 'rows hold no prompts; content_logging_duration of a key logs them for a time'],
  ['disable_end_user_cost_tracking', 'what customers spend is always counted: their budgets need it'],
  ['public_routes', 'no further route is opened to callers without a key'],
  ...each(
    'callers are known by the keys of this gateway alone: it lets nobody in and keeps nobody out',
    'custom_auth custom_sso enable_jwt_auth litellm_jwtauth allow_user_auth enable_oauth2_auth role_permissions enforce_rbac',
  ),
  ...each('it keeps nobody out; allowed_routes of a key says what that key may call', 'admin_only_routes'),
  ...each('limits belong to keys, teams, users, customers and models', 'max_parallel_requests'),
  ...each(
    'there is no such thing here',
    'guardrails mcp_servers pass_through_endpoints vector_store_registry search_tools files_settings finetune_settings ' +
      'use_in_pass_through use_chat_completions_url_for_anthropic_messages public_model_groups ui_access_mode',
  ),
  ...each('a team says itself what holds for it', 'default_team_settings'),
  ...each('certificates are always checked; NODE_EXTRA_CA_CERTS names further authorities', 'ssl_verify'),
  ...each('what a key may do while the state is away is told in docs/metering.md', 'allow_requests_on_db_unavailable'),
  ...each('in litellm_params: single deployments have no budget', 'max_budget budget_duration'),
  ...each(
    'there is no priority queue; a full model group waits for queue_timeout, first come first served',
    'default_priority polling_interval priority',
  ),
  ...each(
    'deployments are judged by the calls they get; nothing is asked for the sake of health',
    'health_check_staleness_threshold health_check_ignore_transient_errors health_check_model health_check_timeout health_check_max_tokens disable_background_health_check health_check_details health_check_concurrency use_shared_health_check background_health_checks health_check_interval',
  ),
  ...each('answers are not cached', 'caching_groups cache_responses client_ttl'),
  ...each(
    'headers of clients are not passed on, but for those of the Codex CLI on its own routes',
    'forward_client_headers_to_llm_api forward_openai_org_id forward_llm_provider_auth_headers',
  ),
  ...each(
    'periods begin by the clock; nothing has to come by to start a budget anew',
    'disable_reset_budget proxy_budget_rescheduler_min_time proxy_budget_rescheduler_max_time',
  ),
  ...each(
    'what was spent is always in the books, at once',
    'disable_spend_updates use_redis_transaction_buffer proxy_batch_write_at',
  ),
  ...each(
    'what a request may cost is always set aside first',
    'fail_closed_budget_enforcement disable_budget_reservation',
  ),
  ...each(
    'changes of keys count within two seconds; nothing has to be set',
    'enable_redis_auth_cache user_api_key_cache_ttl',
  ),
  ...each(
    'values come from the environment or from files (NAME_FILE)',
    'key_management_system key_management_settings',
  ),
  ['token_rate_limit_type', 'input and output count together (total)'],
  ['maximum_spend_logs_cleanup_cron', 'maximum_spend_logs_retention_interval says how often'],
  ['disable_add_user_agent_to_request_tags', 'the user agent is never made a tag'],
  ['disable_master_key_return', 'the master key is never shown'],
  ['redact_messages_in_exceptions', 'errors never quote prompts or answers'],
  ['store_audit_logs', 'every change is in the audit log'],
  ['tag_budget_config', 'tags have no budgets'],
  ['completion_model', 'forced_model of a key or team does it'],
  ['infer_model_from_keys', 'the models are those of model_list, or the catalog of the account'],
  ...each('callers never bring keys of their own', 'configurable_clientside_auth_params allow_client_side_credentials'),
  ['network_mock', 'mock_response of a deployment answers without an upstream'],
  ['callback_settings', 'callbacks have no settings of their own'],
  ['max_latency_list_size', 'the last ten answers of a deployment count'],
  ['enable_weighted_failover', 'the next deployment is always chosen by the strategy'],
  ['drop_params', 'set it in litellm_settings, for all deployments'],
  ['set_verbose', 'use LOG_LEVEL'],
  ['debug_level', 'use LOG_LEVEL'],
  ['json_logs', 'logs are always JSON'],
  ['include', 'further files are not read; put everything into this one'],
  ['credential_info', 'a note for people'],
  ['modify_params', 'requests are always translated'],
  ['route_all_chat_openai_to_responses', 'requests are always translated'],
]);

const unknown = 'unknown: not a key of this gateway; check its spelling and its section';

/** Every key of LiteLLM that is known and does nothing, with the reason. */
export function ignoredKeys(): ReadonlyMap<string, string> {
  return reasons;
}

/** Why a key without effect has none; a key nobody knows gets a hint to look for a slip of the pen. */
export function ignoredBecause(name: string): string {
  return reasons.get(name) ?? unknown;
}

/** Whether nobody knows the key, here or in LiteLLM. */
export function isUnknown(why: string): boolean {
  return why === unknown;
}

function each(reason: string, names: string): readonly (readonly [string, string])[] {
  return names.split(' ').map((name) => [name, reason] as const);
}
