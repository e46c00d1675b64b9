import { ignoredBecause, isUnknown } from './ignored-keys';

/** Keys of real LiteLLM files that do nothing here, beside those that other tests name. */
const real = {
  general_settings:
    'disable_error_logs disable_spend_updates disable_reset_budget disable_adding_master_key_hash_to_db disable_master_key_return proxy_budget_rescheduler_min_time proxy_budget_rescheduler_max_time maximum_spend_logs_cleanup_cron use_redis_transaction_buffer token_rate_limit_type disable_retry_on_max_parallel_request_limit_error user_api_key_cache_ttl health_check_details health_check_concurrency use_shared_health_check forward_client_headers_to_llm_api forward_openai_org_id forward_llm_provider_auth_headers role_permissions enforce_rbac enable_oauth2_auth key_management_system key_management_settings completion_model fail_closed_budget_enforcement disable_budget_reservation ui_access_mode infer_model_from_keys disable_prisma_schema_update allow_client_side_credentials',
  litellm_settings:
    'enable_redis_auth_cache redact_user_api_key_info redact_messages_in_exceptions disable_end_user_cost_tracking disable_add_user_agent_to_request_tags use_chat_completions_url_for_anthropic_messages network_mock store_audit_logs tag_budget_config public_model_groups',
  model_list: 'use_in_pass_through configurable_clientside_auth_params',
  top: 'callback_settings search_tools files_settings finetune_settings',
};

describe('LiteLLM’s keys that do nothing here', () => {
  it.each(Object.entries(real))('are known in %s, so that nobody looks for a slip of the pen', (_, names) => {
    expect(names.split(' ').filter((name) => isUnknown(ignoredBecause(name)))).toEqual([]);
  });

  it('say what to do instead, where something holds for what they ask', () => {
    expect(ignoredBecause('disable_spend_logs')).toContain('maximum_spend_logs_retention_period');
    expect(ignoredBecause('store_prompts_in_spend_logs')).toContain('content_logging_duration');
    expect(isUnknown(ignoredBecause('public_routes'))).toBe(false);
  });

  it('are not taken for slips', () => {
    expect(isUnknown(ignoredBecause('master_kye'))).toBe(true);
  });
});
