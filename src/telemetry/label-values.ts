import { windowNameOf } from '../kernel/plan-quota';
import { type FailureKind } from '../kernel/upstream-failure';

/** Families of clients that get a label of their own; a raw user agent is free text and would never stop growing. */
const agentFamilies: readonly (readonly [RegExp, string])[] = [
  [/^codex/i, 'codex'],
  [/^(?:Async)?OpenAI\/Python/i, 'openai-python'],
  [/^OpenAI\/JS/i, 'openai-node'],
  [/^python-requests/i, 'python-requests'],
  [/^python-httpx/i, 'python-httpx'],
  [/^aiohttp|^Python\/.*aiohttp/i, 'aiohttp'],
  [/^ai-sdk|^ai\//i, 'ai-sdk'],
  [/^node$|^undici/i, 'node'],
  [/^curl\//i, 'curl'],
  [/^Go-http-client/i, 'go-http-client'],
  [/^Mozilla\//i, 'browser'],
];

/** The family of a client, from a closed list. */
export function agentLabel(userAgent: string): string {
  if (userAgent === '') return 'None';
  return agentFamilies.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other';
}

const classByStatus: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  408: 'Timeout',
  429: 'RateLimitError',
  500: 'InternalServerError',
  502: 'BadGatewayError',
  503: 'ServiceUnavailableError',
  504: 'Timeout',
};

/** LiteLLM's exception class for a status of ours. */
export function exceptionClass(status: number): string {
  return classByStatus[status] ?? (status >= 500 ? 'APIError' : 'BadRequestError');
}

/** LiteLLM's exception class, and the status it goes with, for a failed call that brought no status of its own. */
const statusByKind: Readonly<Record<FailureKind, number>> = {
  rate_limited: 429,
  quota_exhausted: 429,
  unauthorized: 401,
  workspace_refused: 403,
  blocked: 403,
  overloaded: 503,
  server_error: 500,
  context_too_long: 400,
  content_policy: 400,
  invalid_request: 400,
  model_unavailable: 404,
  network: 502,
  timeout: 504,
  cut: 502,
  client_gone: 499,
};

/** The status that stands for a failed call. */
export function failureStatus(kind: FailureKind, upstreamStatus: number | undefined): number {
  return upstreamStatus !== undefined && upstreamStatus >= 400 ? upstreamStatus : statusByKind[kind];
}

/** What a cooldown's reason stands for. */
const statusByCooldown: ReadonlyMap<string, string> = new Map([
  ['burst', '429'],
  ['quota', '429'],
  ['quarantine', '401'],
  ['model', '404'],
  ['errors', '500'],
  ['network', '502'],
  ['edge', '403'],
]);

/** The status that LiteLLM's label wants for a cooldown. */
export function cooldownStatus(kind: string): string {
  return statusByCooldown.get(kind) ?? '500';
}

/** A plan's window by its length, since its place tells nothing: `5h`, `week`, else minutes. */
export function windowLabel(minutes: number): string {
  const name = windowNameOf(minutes);
  return name === 'other' ? `${Math.round(minutes)}m` : name;
}

/** LiteLLM's name of the provider behind a base URL. */
export function providerLabel(apiBase: string | undefined): string {
  if (apiBase === undefined) return 'None';
  return apiBase.includes('/backend-api/codex') ? 'chatgpt' : 'openai';
}

/** The GenAI operation of a route: whatever is asked here is answered by a chat model. */
export function operationLabel(route: string): string {
  return route.endsWith('/compact') ? 'compact' : 'chat';
}

/** Parameters that clients of the OpenAI API and of hosts like it send; every other name is free text. */
const knownParams: ReadonlySet<string> = new Set([
  'audio', 'background', 'best_of', 'chat_template_kwargs', 'client_metadata', 'context_management', 'conversation',
  'echo', 'enable_thinking', 'extra_body', 'extra_headers', 'extra_query', 'frequency_penalty', 'function_call',
  'functions', 'include', 'instructions', 'keep_alive', 'logit_bias', 'logprobs', 'max_completion_tokens',
  'max_output_tokens', 'max_tokens', 'max_tool_calls', 'metadata', 'min_p', 'modalities', 'moderation', 'n', 'options',
  'parallel_tool_calls', 'prediction', 'presence_penalty', 'previous_response_id', 'prompt', 'prompt_cache_key',
  'prompt_cache_options', 'prompt_cache_retention', 'provider', 'reasoning', 'reasoning_effort', 'repetition_penalty',
  'response_format', 'safety_identifier', 'safety_settings', 'seed', 'service_tier', 'stop', 'store', 'stream_options',
  'stream_options.include_obfuscation', 'suffix', 'system', 'temperature', 'text', 'thinking', 'tool_choice', 'tools',
  'tools.code_interpreter', 'tools.computer_use_preview', 'tools.file_search', 'tools.image_generation',
  'tools.local_shell', 'tools.mcp', 'tools.web_search', 'tools.web_search_preview', 'top_k', 'top_logprobs', 'top_p',
  'transforms', 'truncation', 'user', 'verbosity', 'web_search_options',
]); // prettier-ignore

/** A parameter's name from a closed list, else `other`: clients make names up, keys and words among them. */
export function paramLabel(name: string): string {
  return knownParams.has(name) ? name : 'other';
}

/** Characters of a name in a label: behind a wildcard the client writes part of it, and hooks may write all of it. */
const longestName = 128;

/** A model's name, cut to what a label should hold. */
export function nameLabel(name: string): string {
  return name.length <= longestName ? name : name.slice(0, longestName);
}
