import { z } from 'zod';
import { ConfigFault, type Fault } from './config-fault';
import {
  flag,
  headerText,
  httpUrl,
  keyPrefix,
  logLevel,
  origins,
  port,
  proxyUrl,
  redisNodes,
  seconds,
  secret,
  text,
  webhookUrl,
  whole,
} from './environment-values';
import { fileValueOf, fileVariableOf } from './secret-files';

/** Variables as a process or a test hands them over. */
export type EnvSource = Readonly<Record<string, string | undefined>>;

/** Every variable the gateway knows. `shown` is the default as the documentation prints it. */
export const envSchema = z.object({
  PORT: variable(port, '4000', 'Port of the listener; 0 takes any free one. `--port` wins.'),
  HOST: variable(
    text,
    '0.0.0.0',
    'Address of the listener; 127.0.0.1 when no master key or a published example key is set. `--host` wins.',
  ),
  CONFIG_FILE_PATH: variable(
    text,
    './config.yaml if it is there',
    'LiteLLM-style configuration file. `--config` wins.',
  ),
  LITELLM_MASTER_KEY: variable(
    secret,
    '',
    'Admin key, `sk-…`, at least 16 characters. `general_settings.master_key` of the file wins.',
  ),
  GATEWAY_MASTER_KEY: variable(secret, '', 'Same as `LITELLM_MASTER_KEY`, which wins.'),
  GATEWAY_SALT_KEY: variable(
    secret,
    '',
    'Seals logins at rest, in Redis and in `STATE_DIR`; needed as soon as Redis is used, else a key is made in `STATE_DIR`.',
  ),
  GATEWAY_SALT_KEY_PREVIOUS: variable(
    secret,
    '',
    'Earlier salt keys, separated by commas: they still open what they sealed.',
  ),
  LITELLM_SALT_KEY: variable(secret, '', 'Same as `GATEWAY_SALT_KEY`, which wins.'),
  REDIS_URL: variable(
    secret,
    'state in $STATE_DIR',
    'Shared state of all replicas: `redis://[user:password@]host[:port][/db]`, `rediss://` for TLS, or `unix:///path`. Needs a master key and a salt key.',
  ),
  REDIS_HOST: variable(text, '', 'Host of Redis when there is no `REDIS_URL`.'),
  REDIS_PORT: variable(port, '6379', 'Port of Redis.'),
  REDIS_CLUSTER_NODES: variable(
    redisNodes,
    '',
    'Nodes of a Redis Cluster, for example `redis-0:6379,redis-1:6379`, or LiteLLM’s JSON list. After `REDIS_URL`.',
  ),
  REDIS_SENTINEL_NODES: variable(
    redisNodes,
    '',
    'Sentinels that know the master, written alike; needs `REDIS_SERVICE_NAME`.',
  ),
  REDIS_SERVICE_NAME: variable(text, '', 'Name of the master that the Sentinels know.'),
  REDIS_SENTINEL_PASSWORD: variable(secret, '', 'Password of the Sentinels, when they have one.'),
  REDIS_USERNAME: variable(text, '', 'User of Redis, when there is no `REDIS_URL`.'),
  REDIS_SSL: variable(flag, 'false', 'TLS to Redis, when there is no `REDIS_URL`.'),
  REDIS_PASSWORD: variable(secret, '', 'Password of Redis, when its URL has none.'),
  REDIS_KEY_PREFIX: variable(
    keyPrefix,
    'codex-gateway:',
    'Before every key and channel, so that installations can share one Redis.',
  ),
  STATE_DIR: variable(
    text,
    './.codex-gateway',
    'Local state: generated keys, the journal of logins, caches. One running gateway each.',
  ),
  CODEX_AUTH_FILE: variable(text, '$CODEX_HOME/auth.json', 'ChatGPT login made by `login` or by `codex login`.'),
  CODEX_HOME: variable(text, '~/.codex', 'Folder of the Codex CLI; its `auth.json` is the default login.'),
  CODEX_ACCESS_TOKEN: variable(
    secret,
    '',
    'Codex access token (`at-…`) of a Business or Enterprise workspace, used instead of auth.json.',
  ),
  CODEX_BASE_URL: variable(httpUrl, 'https://chatgpt.com/backend-api/codex', 'The Codex backend.'),
  CHATGPT_API_BASE: variable(httpUrl, '', 'Same as `CODEX_BASE_URL`, which wins.'),
  CODEX_REFRESH_TOKEN_URL_OVERRIDE: variable(httpUrl, 'https://auth.openai.com/oauth/token', 'Token endpoint.'),
  CODEX_WHOAMI_URL: variable(
    httpUrl,
    'https://auth.openai.com/api/accounts/v1/user-auth-credential/whoami',
    'Tells whose an `at-…` token is.',
  ),
  CODEX_INSTRUCTIONS_BASE_URL: variable(
    httpUrl,
    'https://raw.githubusercontent.com/openai/codex',
    'Prompt files, for models whose catalog entry carries none.',
  ),
  CODEX_RELEASES_URL: variable(
    httpUrl,
    'https://api.github.com/repos/openai/codex/releases/latest',
    'Names the release whose prompt files are used.',
  ),
  CODEX_CACHE_DIR: variable(text, '$STATE_DIR/cache', 'Files of the instruction cache, used when Redis is not.'),
  CODEX_MODE: variable(flag, 'true', '`true`: official Codex instructions; `false`: the caller’s own.'),
  CODEX_CLIENT_VERSION: variable(
    headerText,
    '0.169.0',
    'Sent upstream as `version` and `client_version`; gates the model catalog.',
  ),
  CODEX_ORIGINATOR: variable(headerText, 'codex_gateway', 'Sent upstream as `originator`.'),
  HTTPS_PROXY: variable(proxyUrl, '', 'Proxy of outbound https calls. The lower-case spelling wins.'),
  https_proxy: variable(proxyUrl, '', 'Same as `HTTPS_PROXY`.'),
  HTTP_PROXY: variable(proxyUrl, '', 'Proxy of outbound http calls. The lower-case spelling wins.'),
  http_proxy: variable(proxyUrl, '', 'Same as `HTTP_PROXY`.'),
  NO_PROXY: variable(text, '', 'Hosts that are called without a proxy, comma separated. The lower-case spelling wins.'),
  no_proxy: variable(text, '', 'Same as `NO_PROXY`.'),
  NODE_EXTRA_CA_CERTS: variable(
    text,
    '',
    'PEM file with further certificate authorities. Node reads it at start, so it works from the real environment only.',
  ),
  TRUSTED_PROXY_HOPS: variable(
    whole(0, 32),
    '0',
    'How many proxies before us may write `X-Forwarded-For` (addresses with or without a port); `use_x_forwarded_for` of the file means 1.',
  ),
  LITELLM_CORS_ORIGINS: variable(
    origins,
    'none',
    'Origins whose pages may call the gateway from a browser, comma separated; `*` is every one.',
  ),
  DRAIN_TIMEOUT_SECONDS: variable(
    seconds(0),
    '75',
    'How long running streams may finish after SIGTERM; `DRAIN_DELAY_SECONDS` is part of it.',
  ),
  DRAIN_DELAY_SECONDS: variable(
    seconds(0),
    '5 in Kubernetes, else 0',
    'How long after SIGTERM new work is still taken while readiness says 503, so that balancers notice first.',
  ),
  TERMINATION_GRACE_PERIOD_SECONDS: variable(
    seconds(0),
    '',
    'When the platform kills the process after SIGTERM. Told, it must leave 5 s more than `DRAIN_TIMEOUT_SECONDS`, else the start is refused.',
  ),
  KUBERNETES_SERVICE_HOST: variable(
    text,
    '',
    'Set by Kubernetes; its presence changes the default of `DRAIN_DELAY_SECONDS`.',
  ),
  REQUEST_HEADERS_TIMEOUT_SECONDS: variable(
    seconds(0.001),
    '10',
    'How long a client may take to send its request headers.',
  ),
  REQUEST_BODY_TIMEOUT_SECONDS: variable(seconds(0.001), '60', 'How long a client may take to send its request body.'),
  WEBHOOK_URL: variable(webhookUrl, '', 'Receiver of alerts and of the `webhook` callback.'),
  LITELLM_RATE_LIMIT_WINDOW_SIZE: variable(
    seconds(1),
    '60',
    'Length of a rate window in seconds, from its first request: `rpm_limit` and `tpm_limit` are what one window may hold.',
  ),
  REPLICA_COUNT: variable(
    whole(1, 10_000),
    '1',
    'Replicas behind one Redis: while it is away, each lets this part of a rate limit through.',
  ),
  SLACK_WEBHOOK_URL: variable(secret, '', 'Slack webhook that alerts go to as text.'),
  WEBHOOK_SIGNING_SECRET: variable(
    secret,
    '',
    'Signs what goes to `WEBHOOK_URL`, in the header `x-codex-gateway-signature`.',
  ),
  PROMETHEUS_MAX_SERIES_PER_METRIC: variable(
    whole(1, 1_000_000),
    '2000',
    'Label sets a metric may have before the rest falls into `other`.',
  ),
  NUM_WORKERS: variable(whole(1, 1_024), '1', 'Processes behind one port. More than one needs Redis.'),
  LOG_LEVEL: variable(logLevel, 'info', '`debug`, `info`, `warn`, `error` or `silent`.'),
  LITELLM_LOG: variable(logLevel, '', 'Same as `LOG_LEVEL`, which wins.'),
  CODEX_DEBUG: variable(flag, 'false', '`true` means log level `debug` when no level is set.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    httpUrl,
    'off',
    'Receiver of traces (OTLP over HTTP), without `/v1/traces`; the other standard `OTEL_*` work from the real environment.',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: variable(httpUrl, 'off', 'The same with its whole path; wins.'),
  OTEL_ENDPOINT: variable(httpUrl, '', 'Same as `OTEL_EXPORTER_OTLP_ENDPOINT`, which wins.'),
  OTEL_SDK_DISABLED: variable(flag, 'false', '`true`: no traces, whatever endpoint is set.'),
  OTEL_SERVICE_NAME: variable(text, 'codex-gateway', 'Name of this service in traces.'),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: variable(
    flag,
    'false',
    '`true`: spans of keys that opted into content logging hold prompt and answer.',
  ),
  ADMIN_PORT: variable(
    port,
    'same listener',
    'Port of its own for management routes, reports and `/metrics`, which the other then does not serve; 0 takes any free one.',
  ),
});

/** The environment after validation: numbers are numbers, seconds are milliseconds, empty variables are absent. */
export type Environment = Readonly<z.output<typeof envSchema>>;

/** Node reads this one itself, before us, so that a value from a file would come too late. */
const neverFromFile: ReadonlySet<string> = new Set(['NODE_EXTRA_CA_CERTS']);

/** Emptiness of these is a mistake worth a refusal, not the same as absence. */
const judgedWhenEmpty: ReadonlySet<string> = new Set(['LITELLM_MASTER_KEY', 'GATEWAY_MASTER_KEY']);

/**
 * Reads every variable the gateway knows; foreign ones are left alone. Where `NAME_FILE` is set the value lies in that file.
 *
 * @throws {ConfigFault} naming all bad variables at once, never a value.
 */
export function readEnv(source: EnvSource): Environment {
  const { environment, faults } = tryReadEnv(source);
  if (faults.length > 0) throw new ConfigFault(faults);
  return environment;
}

/** Same as `readEnv`, for callers that collect faults of several places. Bad variables are absent from `environment`. */
export function tryReadEnv(source: EnvSource): {
  readonly environment: Environment;
  readonly faults: readonly Fault[];
} {
  const found = Object.keys(envSchema.shape).map((name) => ({ name, ...valueOf(source, name) }));
  const unreadable = found.flatMap(({ name, fault }) =>
    fault === undefined ? [] : [{ place: `environment ${fileVariableOf(name)}`, message: fault }],
  );
  const present = found.flatMap(({ name, value }) => {
    const counts = value !== undefined && (value.trim() !== '' || judgedWhenEmpty.has(name));
    return counts ? [[name, value] as const] : [];
  });
  const parsed = envSchema.safeParse(Object.fromEntries(present));
  if (parsed.success) return { environment: parsed.data, faults: unreadable };
  const faults = parsed.error.issues.map(({ path, message }) => ({ place: `environment ${String(path[0])}`, message }));
  const bad = new Set(parsed.error.issues.map(({ path }) => path[0]));
  const sound = present.filter(([name]) => !bad.has(name));
  return { environment: envSchema.parse(Object.fromEntries(sound)), faults: [...unreadable, ...faults] };
}

function valueOf(
  source: EnvSource,
  name: string,
): { readonly value?: string | undefined; readonly fault?: string | undefined } {
  const inFile = neverFromFile.has(name) ? undefined : fileValueOf(source, name);
  return inFile ?? { value: source[name] };
}

function variable<S extends z.ZodType>(schema: S, shown: string, description: string): z.ZodOptional<S> {
  return schema.optional().meta({ description, shown });
}

/** The environment of this process for `testKnobs`; undefined outside tests. Knobs are no settings, so they are read apart. */
export function testEnvironment(): EnvSource | undefined {
  return process.env['NODE_ENV'] === 'test' ? process.env : undefined;
}
