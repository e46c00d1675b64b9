import { dollarsFromNanos } from '../../kernel/money';
import { type RequestRecord } from '../../kernel/observer';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { scrub, shownModel } from '../../telemetry/scrub';

/** Characters of a text that a client chose. */
const longestText = 256;

/**
 * A finished request as callbacks hear of it: LiteLLM's names for what they name (`StandardLoggingPayload`), ours for the
 * rest. Times are Unix seconds with fractions. No prompt, no answer, no key.
 */
export function callbackEvent(record: RequestRecord, nowMs: number): JsonObject {
  return {
    id: record.requestId,
    trace_id: record.traceId ?? null,
    call_type: callType(record.route),
    status: record.errorCode === undefined ? 'success' : 'failure',
    end: record.end,
    http_status: record.status,
    error_code: record.errorCode ?? null,
    stream: record.stream,
    ...timesOf(record, nowMs),
    model: named(record.upstreamModel),
    model_group: named(record.requestedModel),
    model_id: record.deploymentId ?? null,
    account: record.account ?? null,
    attempts: record.attempts,
    ...usageOf(record),
    end_user: shortened(record.customerId),
    request_tags: (record.tags ?? []).map((tag) => shortened(tag)),
    metadata: holderOf(record),
  };
}

function timesOf({ durationMs, firstContentMs }: RequestRecord, nowMs: number): JsonObject {
  const startMs = nowMs - durationMs;
  return {
    startTime: startMs / 1_000,
    endTime: nowMs / 1_000,
    completionStartTime: firstContentMs === undefined ? null : (startMs + firstContentMs) / 1_000,
    response_time: durationMs / 1_000,
  };
}

function usageOf({ usage, costNanos }: RequestRecord): JsonObject {
  return {
    prompt_tokens: usage?.inputTokens ?? null,
    cached_tokens: usage?.cachedInputTokens ?? null,
    completion_tokens: usage?.outputTokens ?? null,
    reasoning_tokens: usage?.reasoningTokens ?? null,
    total_tokens: usage === undefined ? null : usage.inputTokens + usage.outputTokens,
    response_cost: costNanos === undefined ? null : dollarsFromNanos(costNanos),
  };
}

function holderOf({ principal }: RequestRecord): JsonObject {
  return {
    user_api_key_hash: principal?.keyHash ?? null,
    user_api_key_alias: shortened(principal?.keyAlias),
    user_api_key_team_id: shortened(principal?.teamId),
    user_api_key_team_alias: shortened(principal?.teamAlias),
    user_api_key_user_id: shortened(principal?.userId),
  };
}

function callType(route: string): string {
  if (route.endsWith('/compact')) return 'compact';
  return route.includes('chat/completions') ? 'acompletion' : 'aresponses';
}

function named(model: string | undefined): string | null {
  return model === undefined ? null : shownModel(model);
}

function shortened(text: string | undefined): string | null {
  return text === undefined ? null : scrub(text.slice(0, longestText));
}
