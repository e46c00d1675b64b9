const later = 'known from LiteLLM, but this release does not act on it yet';
const otherProviders = 'belongs to providers that the gateway does not speak';
const noDatabase = 'there is no SQL database';
const streaming = 'whether to stream is the caller’s choice';

/** LiteLLM's keys that do nothing here, with the reason an operator should read. */
const reasons: ReadonlyMap<string, string> = new Map([
  ...each(noDatabase, 'database_url database_connection_pool_limit database_connection_timeout store_model_in_db'),
  ...each(
    otherProviders,
    'organization api_version region_name aws_access_key_id aws_secret_access_key aws_region_name vertex_project vertex_location vertex_credentials azure_ad_token',
  ),
  ...each(streaming, 'stream stream_options'),
  ...each(
    later,
    'allowed_routes public_routes background_health_checks ' +
      'health_check_interval alerting_threshold spend_report_frequency alert_type_config allowed_ips max_response_size_mb ' +
      'global_max_parallel_requests disable_spend_logs store_prompts_in_spend_logs proxy_batch_write_at',
  ),
  ...each(
    'callers are known by the keys of this gateway alone: it lets nobody in and keeps nobody out',
    'custom_auth custom_sso enable_jwt_auth litellm_jwtauth allow_user_auth',
  ),
  ...each('it keeps nobody out; allowed_routes of a key says what that key may call', 'admin_only_routes'),
  ...each('it refuses nothing; a key or team says which end users it may speak for', 'enforce_user_param'),
  ...each('limits belong to keys, teams, users, customers and models', 'max_parallel_requests'),
  ...each('there is no such thing here', 'guardrails mcp_servers pass_through_endpoints vector_store_registry'),
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
    'health_check_staleness_threshold health_check_ignore_transient_errors health_check_model health_check_timeout health_check_max_tokens disable_background_health_check',
  ),
  ...each('answers are not cached', 'caching_groups cache_responses client_ttl'),
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
