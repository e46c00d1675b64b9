/**
 * Label names of the metric families, in LiteLLM's spelling. Values are given in the order of these lists.
 */

/** The holder's key. */
export const key = ['hashed_api_key', 'api_key_alias'] as const;
/** The holder's team. */
export const team = ['team', 'team_alias'] as const;
/** Whom a request is charged to. */
export const holder = [...key, ...team] as const;
/** A deployment. */
export const deployment = ['litellm_model_name', 'model_id', 'api_base', 'api_provider'] as const;
/** How a request or a call failed. */
export const failure = ['exception_status', 'exception_class'] as const;

const call = [...key, 'model', ...team, 'user', 'end_user'] as const;

/** One request that reached a deployment, for counters of traffic and spend. */
export const served = [...call, 'user_email', 'client_ip', 'user_agent', 'model_id'] as const;
/** The same, for tokens. */
export const tokens = [...call, 'user_email', 'requested_model', 'model_id'] as const;
/** The same, for durations. */
export const latency = [...call, 'requested_model', 'model_id'] as const;
/** Any request to the gateway. */
export const proxy = [
  'end_user', ...key, 'requested_model', ...team, 'user', 'user_email', 'route', 'client_ip', 'user_agent', 'model_id',
] as const; // prettier-ignore
/** The gateway's own part of a request. */
export const overhead = ['model_group', 'api_provider', 'api_base', 'litellm_model_name', ...key, 'model_id'] as const;
/** One call to a deployment. */
export const attempt = ['requested_model', ...deployment, ...key, ...team, 'client_ip', 'user_agent'] as const;
/** A fallback from one group to another. */
export const fallback = ['requested_model', 'fallback_model', ...key, ...team, ...failure, 'model_id'] as const;
/** Names of OpenTelemetry's GenAI conventions as Prometheus spells them. */
export const genAi = [
  'gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model', 'gen_ai_response_model',
] as const; // prettier-ignore
