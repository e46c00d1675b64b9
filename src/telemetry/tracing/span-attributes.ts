import { type Attributes } from '@opentelemetry/api';
import { dollarsFromNanos } from '../../kernel/money';
import { type SpanFacts } from '../../kernel/tracing';
import { type TokenUsage } from '../../kernel/usage';

/**
 * Names of OpenTelemetry's conventions. Written out, because the package that has them holds thousands, and marks those of
 * GenAI as moved to a repository of their own; a test compares the two.
 */
export const attributeNames = {
  errorType: 'error.type',
  httpResponseStatusCode: 'http.response.status_code',
  httpRoute: 'http.route',
  inputMessages: 'gen_ai.input.messages',
  operationName: 'gen_ai.operation.name',
  outputMessages: 'gen_ai.output.messages',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestStream: 'gen_ai.request.stream',
  responseModel: 'gen_ai.response.model',
  responseTimeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  serverAddress: 'server.address',
  usageCacheCreationInputTokens: 'gen_ai.usage.cache_creation.input_tokens',
  usageCacheReadInputTokens: 'gen_ai.usage.cache_read.input_tokens',
  usageInputTokens: 'gen_ai.usage.input_tokens',
  usageOutputTokens: 'gen_ai.usage.output_tokens',
  usageReasoningOutputTokens: 'gen_ai.usage.reasoning.output_tokens',
} as const;

/** The convention's name of those who make the models; ours is a gateway to them, whichever way it takes. */
const provider = 'openai';

/** Facts that are told as they are, and the attribute of each. */
const plain: Readonly<Partial<Record<keyof SpanFacts, string>>> = {
  failure: attributeNames.errorType,
  requestId: 'codex_gateway.request_id',
  route: attributeNames.httpRoute,
  status: attributeNames.httpResponseStatusCode,
  end: 'codex_gateway.end',
  stream: attributeNames.requestStream,
  operation: attributeNames.operationName,
  requestModel: attributeNames.requestModel,
  responseModel: attributeNames.responseModel,
  attempts: 'codex_gateway.attempts',
  deploymentId: 'codex_gateway.deployment',
  account: 'codex_gateway.account',
  attempt: 'codex_gateway.attempt',
  upstreamStatus: attributeNames.httpResponseStatusCode,
  keyHash: 'metadata.user_api_key_hash',
  keyAlias: 'metadata.user_api_key_alias',
  teamId: 'metadata.user_api_key_team_id',
  userId: 'metadata.user_api_key_user_id',
  question: attributeNames.inputMessages,
  answer: attributeNames.outputMessages,
};

/** Attributes of a call upstream, by the current conventions. */
export function callAttributes(facts: SpanFacts): Attributes {
  const attributes: Attributes = {};
  for (const fact in facts) {
    const value = facts[fact as keyof SpanFacts];
    if (typeof value === 'object') continue;
    const name = plain[fact as keyof SpanFacts];
    if (name !== undefined) attributes[name] = value;
  }
  if (facts.operation !== undefined) attributes[attributeNames.providerName] = provider;
  if (facts.apiBase !== undefined) attributes[attributeNames.serverAddress] = hostOf(facts.apiBase);
  if (facts.usage !== undefined) tellUsage(attributes, facts.usage);
  if (facts.costNanos !== undefined) attributes['gen_ai.cost.total_cost'] = dollarsFromNanos(facts.costNanos);
  if (facts.firstContentMs !== undefined) {
    attributes[attributeNames.responseTimeToFirstChunk] = facts.firstContentMs / 1_000;
  }
  return attributes;
}

/** The same for the whole request, and under the older names that LiteLLM's users search for. */
export function requestAttributes(facts: SpanFacts): Attributes {
  const attributes = callAttributes(facts);
  const { usage, stream, operation } = facts;
  if (operation !== undefined) attributes['gen_ai.system'] = provider;
  if (stream !== undefined) attributes['llm.is_streaming'] = String(stream);
  if (usage !== undefined) {
    attributes['gen_ai.usage.prompt_tokens'] = usage.inputTokens;
    attributes['gen_ai.usage.completion_tokens'] = usage.outputTokens;
  }
  return attributes;
}

function tellUsage(attributes: Attributes, usage: TokenUsage): void {
  attributes[attributeNames.usageInputTokens] = usage.inputTokens;
  attributes[attributeNames.usageOutputTokens] = usage.outputTokens;
  attributes[attributeNames.usageCacheReadInputTokens] = usage.cachedInputTokens;
  attributes[attributeNames.usageCacheCreationInputTokens] = usage.cacheWriteTokens;
  attributes[attributeNames.usageReasoningOutputTokens] = usage.reasoningTokens;
}

const hosts = new Map<string, string>();

/** There are a handful of base URLs; reading one costs more than all else that is told of a call. */
function hostOf(apiBase: string): string {
  const known = hosts.get(apiBase);
  if (known !== undefined) return known;
  const host = URL.canParse(apiBase) ? new URL(apiBase).hostname : 'unknown';
  hosts.set(apiBase, host);
  return host;
}
