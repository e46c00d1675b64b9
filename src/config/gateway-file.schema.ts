import { z } from 'zod';
import { alertKeys } from './alert-keys';
import { anyMap, count, flag, key, megabytes, reading, readTexts, seconds, section, text } from './file-values';
import { keysKeys } from './keys-keys';
import { limitsKeys } from './limits-keys';
import { loginNamePattern, loginNameRule } from './login-name';
import { observabilityKeys } from './observability-keys';
import { pricingKeys } from './pricing-keys';
import { readNodes, readPort } from './redis-nodes';
import { reportKeys } from './report-keys';
import { routingKeys } from './routing-keys';

const headerName = text.regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: 'must be the name of an HTTP header' });
const loginName = text.regex(loginNamePattern, { error: `must be ${loginNameRule}` });
const hookPaths = reading(readTexts, 'must be a path or a list of paths');

/** `model_list[].litellm_params`: keys with a meaning of their own; the rest is sorted by `litellm-params.ts`. */
export const deploymentParamsSchema = z.looseObject({
  ...routingKeys.deployment,
  ...limitsKeys.deployment,
  ...observabilityKeys.deployment,
  model: key(text, 'the upstream model, with `codex-oauth/`, `codex/`, `chatgpt/` or `openai/` before it'),
  custom_llm_provider: key(text, 'the provider when the model name carries none'),
  api_base: key(text, 'base URL of the upstream'),
  base_url: key(text, 'same as api_base', 'mapped'),
  api_key: key(
    text,
    'key of an `openai/` upstream, or `oauth:<name>` for an entry of credential_list or a named login',
  ),
  auth_file: key(text, 'login made by `codex login`'),
  litellm_credential_name: key(text, 'entry of credential_list'),
  timeout: key(seconds, 'whole call, in seconds'),
  stream_timeout: key(seconds, 'until the first event, in seconds'),
  mock_response: key(text, 'canned answer without an upstream call'),
  codex_profile: key(
    z.enum(['ordinary', 'lite'], { error: 'must be ordinary or lite' }),
    'overrides the profile flag of the catalog',
  ),
  codex_mode: key(flag, 'official Codex instructions, or the caller’s own'),
});

/** One entry of `model_list`. */
export const deploymentSchema = z.looseObject({
  model_name: text.min(1, { error: 'must not be empty' }).meta({ description: 'name of the model group' }),
  litellm_params: deploymentParamsSchema.meta({ description: 'how the model group is served' }),
  model_info: key(z.looseObject({ id: key(text, 'id of the deployment') }), 'shown by /model/info'),
  rpm: key(count, 'accepted here as in litellm_params', 'mapped'),
  tpm: key(count, 'accepted here as in litellm_params', 'mapped'),
});

const credentialSchema = z.looseObject({
  credential_name: text.min(1, { error: 'must not be empty' }).meta({ description: 'name that deployments use' }),
  credential_values: z
    .looseObject({
      auth_file: key(text, 'login made by `codex login`'),
      login: key(loginName, 'named login in the state of the gateway, made by `login --name N --store`'),
      access_token: key(text, 'Codex access token (`at-…`)'),
      api_key: key(text, 'key of an `openai/` upstream'),
    })
    .meta({ description: 'exactly one of auth_file, login, access_token, api_key' }),
});

const aliasSchema = z.union([text, z.looseObject({ model: text, hidden: flag.nullish() })], {
  error: 'must be the name of a model group, or {model, hidden}',
});

const redisPort = reading(readPort, 'must be a port, 1 to 65535');
const redisNodes = reading(readNodes, 'must be a list of {host, port}');
const redisKey = 'connection to Redis';

/** LiteLLM's answer cache. Answers are not cached here, but it tells where Redis is. */
const cacheParamsSchema = z.looseObject({
  type: text.nullish(),
  url: text.nullish(),
  host: text.nullish(),
  port: redisPort.nullish(),
  username: text.nullish(),
  password: text.nullish(),
  db: count.nullish(),
  ssl: flag.nullish(),
  namespace: text
    .regex(/^[\x21-\x7a\x7c\x7e]{1,40}$/, { error: 'must be 1 to 40 visible ASCII characters without braces' })
    .nullish(),
  redis_startup_nodes: redisNodes.nullish(),
  sentinel_nodes: redisNodes.nullish(),
  sentinel_password: text.nullish(),
  service_name: text.nullish(),
});

const retiredFallback = key(text, 'model that answers for retired ones');
const hooks = key(hookPaths, 'modules that extend the gateway');
const metricsAuth = key(flag, 'a key is needed for /metrics');
const ignoreInvalid = key(flag, 'false: a bad deployment stops the start instead of being left out');
const retries = key(count, 'further tries after a failure');

/** Sections and keys the gateway acts on, each with the words `check-config` prints. Everything else passes through loosely. */
export const gatewayFileSchema = z.looseObject({
  model_list: key(z.array(z.unknown(), { error: 'must be a list of deployments' }), 'the deployments'),
  credential_list: key(z.array(credentialSchema, { error: 'must be a list of credentials' }), 'the logins by name'),
  environment_variables: key(
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]), {
      error: 'must be a map of text values',
    }),
    'set before anything else is read',
  ),
  codex_hooks: hooks,
  codex_retired_model_fallback: retiredFallback,
  ...pricingKeys.top,
  general_settings: section({
    ...routingKeys.general,
    ...limitsKeys.general,
    ...observabilityKeys.general,
    ...pricingKeys.general,
    ...keysKeys.general,
    ...alertKeys.general,
    master_key: key(text, 'the admin key'),
    litellm_key_header_name: key(headerName, 'one more header that may carry the key'),
    max_request_size_mb: key(megabytes, 'largest request body'),
    max_response_size_mb: key(megabytes, 'largest answer that is sent in one piece; streams are not held to it'),
    always_include_stream_usage: key(flag, 'every stream ends with its usage'),
    use_x_forwarded_for: key(flag, 'true: one proxy before us is trusted', 'mapped'),
    require_auth_for_metrics_endpoint: metricsAuth,
    ignore_invalid_deployments: ignoreInvalid,
    codex_hooks: hooks,
    codex_retired_model_fallback: retiredFallback,
  }),
  litellm_settings: section({
    ...routingKeys.litellm,
    ...limitsKeys.litellm,
    ...observabilityKeys.litellm,
    ...pricingKeys.litellm,
    ...keysKeys.litellm,
    drop_params: key(flag, 'false: an unsupported parameter is refused instead of dropped'),
    num_retries: retries,
    request_timeout: key(seconds, 'whole call of a JSON answer, in seconds'),
    stream_timeout: key(seconds, 'until the first event, in seconds'),
    require_auth_for_metrics_endpoint: metricsAuth,
    ignore_invalid_deployments: ignoreInvalid,
    model_group_alias: key(z.record(z.string(), aliasSchema), 'other names of model groups'),
    custom_provider_map: key(
      z.array(z.unknown()),
      'Codex is built in; provider names are kept, handlers not loaded',
      'mapped',
    ),
    cache: key(flag, 'false: cache_params are not looked at; answers are never cached', 'mapped'),
    cache_params: key(
      cacheParamsSchema,
      'connection to Redis, unless the environment or router_settings name one; answers are not cached',
      'mapped',
    ),
    codex_hooks: hooks,
    codex_retired_model_fallback: retiredFallback,
  }),
  router_settings: section({
    ...routingKeys.router,
    ...limitsKeys.router,
    ...observabilityKeys.router,
    ...reportKeys.router,
    num_retries: retries,
    timeout: key(seconds, 'whole call of a JSON answer, in seconds; wins over request_timeout'),
    stream_timeout: key(seconds, 'until the first event, in seconds'),
    model_group_alias: key(z.record(z.string(), aliasSchema), 'other names of model groups'),
    default_litellm_params: key(anyMap, 'for deployments that do not set the same key'),
    ignore_invalid_deployments: ignoreInvalid,
    redis_url: key(text, redisKey),
    redis_host: key(text, redisKey),
    redis_port: key(redisPort, redisKey),
    redis_password: key(text, redisKey),
    redis_db: key(count, redisKey),
    redis_ssl: key(flag, redisKey),
    codex_retired_model_fallback: retiredFallback,
  }),
});

/** The file after validation: durations in milliseconds, sizes in bytes. */
export type GatewayFileContent = Readonly<z.output<typeof gatewayFileSchema>>;
/** One valid entry of `model_list`. */
export type DeploymentEntry = Readonly<z.output<typeof deploymentSchema>>;
