import { type ScopeKind } from '../../kernel/limits';
import { dollarsFromNanos } from '../../kernel/money';
import { type LedgerRow } from '../../metering/ledger-row';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { chatUsage } from '../../protocol/chat/chat-usage';
import { type Sight } from '../sight';

/**
 * A ledger row as LiteLLM's `SpendLogs` row: dollars as numbers, times in ISO 8601, no prompt and no answer. A row of call
 * type `adjustment` is no request: somebody set the spend of the key, team or user that it names.
 *
 * What only the operator should know (which login answered, at which address) is left out for others.
 */
export function spendLogRow(row: LedgerRow, sight: Sight): JsonObject {
  const { usage } = row;
  const isOperator = sight.kind === 'all';
  return {
    request_id: row.id,
    call_type: row.callType,
    spend: dollarsFromNanos(row.spend),
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    startTime: iso(row.startMs),
    endTime: iso(row.endMs),
    completionStartTime: row.firstContentMs === undefined ? null : iso(row.firstContentMs),
    model: row.model,
    model_id: row.deploymentId ?? '',
    model_group: row.modelGroup,
    custom_llm_provider: row.provider ?? '',
    api_base: isOperator ? (row.apiBase ?? '') : '',
    ...whoOf(row),
    metadata: metadataOf(row, isOperator),
    cache_hit: 'False',
    cache_key: '',
    request_tags: row.tags,
    messages: {},
    response: {},
    proxy_server_request: {},
    session_id: row.sessionId ?? null,
    status: row.status,
    mcp_namespaced_tool_name: null,
  };
}

/** An adjustment names the one book that it changes, a request everybody it was charged to. */
function whoOf({ keyHash, userId, teamId, customerId, clientIp, adjusts }: LedgerRow): JsonObject {
  const id = (kind: ScopeKind): string | undefined => (adjusts?.kind === kind ? adjusts.id : undefined);
  return {
    api_key: id('key') ?? keyHash,
    user: id('user') ?? userId ?? '',
    team_id: id('team') ?? teamId ?? null,
    organization_id: null,
    end_user: id('customer') ?? customerId ?? '',
    requester_ip_address: clientIp ?? null,
  };
}

function metadataOf(row: LedgerRow, isOperator: boolean): JsonObject {
  const { usage } = row;
  return {
    user_api_key: row.keyHash,
    user_api_key_alias: row.keyAlias ?? null,
    user_api_key_team_id: row.teamId ?? null,
    user_api_key_user_id: row.userId ?? null,
    user_api_key_org_id: null,
    spend_logs_metadata: row.metadata ?? null,
    usage_object: chatUsage(usage),
    cost_breakdown: costBreakdown(row),
    error_information: row.status === 'failure' ? errorInformation(row) : null,
    model_map_information: { model_map_key: row.model, model_map_value: null },
    additional_usage_values: {
      cache_read_input_tokens: usage.cachedInputTokens,
      cache_creation_input_tokens: usage.cacheWriteTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    status: row.status,
    codex_gateway: ownFacts(row, isOperator),
  };
}

/** Input holds cached and written tokens, output holds reasoning, as in LiteLLM; ours say it apart. */
function costBreakdown({ cost, spend }: LedgerRow): JsonObject | null {
  if (cost === undefined) return null;
  return {
    input_cost: dollarsFromNanos(cost.input + cost.cachedInput + cost.cacheWrite),
    output_cost: dollarsFromNanos(cost.output + cost.reasoning),
    total_cost: dollarsFromNanos(spend),
    tool_usage_cost: 0,
    original_cost: dollarsFromNanos(spend + cost.discount - cost.margin),
    discount_amount: dollarsFromNanos(cost.discount),
    margin_total_amount: dollarsFromNanos(cost.margin),
    cached_input_cost: dollarsFromNanos(cost.cachedInput),
    cache_write_cost: dollarsFromNanos(cost.cacheWrite),
    reasoning_cost: dollarsFromNanos(cost.reasoning),
    price_source: cost.priceSource,
  };
}

function errorInformation({ errorCode, httpStatus, end }: LedgerRow): JsonObject {
  return { error_code: String(httpStatus), error_class: errorCode ?? end, error_message: '', traceback: '' };
}

function ownFacts(row: LedgerRow, isOperator: boolean): JsonObject {
  return {
    requested_model: row.requestedModel,
    service_tier: {
      requested: row.tier.requested ?? null,
      actual: row.tier.actual ?? null,
      billed: row.tier.billed,
    },
    quality: row.quality,
    late: row.late,
    end: row.end,
    http_status: row.httpStatus,
    stream: row.stream,
    attempts: row.attempts,
    user_agent: row.userAgent ?? null,
    ...(isOperator ? { account: row.account ?? null } : {}),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
