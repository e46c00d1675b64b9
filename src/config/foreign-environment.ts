import { type EnvSource } from './env.schema';

const noDatabase = 'there is no SQL database';
const itself = 'the gateway does this by itself';

/** Variables of LiteLLM that manifests bring along and that do nothing here, with the reason an operator should read. */
const reasons: ReadonlyMap<string, string> = new Map([
  ...each(noDatabase, 'DATABASE_URL STORE_MODEL_IN_DB DISABLE_SCHEMA_UPDATE USE_PRISMA_MIGRATE'),
  ...each('set LITELLM_MASTER_KEY', 'PROXY_MASTER_KEY'),
  ...each('set cooldown_time in router_settings', 'DEFAULT_COOLDOWN_TIME_SECONDS'),
  ...each('set allowed_fails in router_settings', 'DEFAULT_FAILURE_THRESHOLD_PERCENT DEFAULT_FAILURE_THRESHOLD_MINIMUM_REQUESTS SINGLE_DEPLOYMENT_TRAFFIC_FAILURE_THRESHOLD'),
  ...each('set max_fallbacks in router_settings', 'ROUTER_MAX_FALLBACKS'),
  ...each('set CODEX_HOME, or auth_file of a deployment', 'CHATGPT_TOKEN_DIR'),
  ...each('set CODEX_AUTH_FILE, or auth_file of a deployment', 'CHATGPT_AUTH_FILE'),
  ...each('set CODEX_BASE_URL', 'OPENAI_CHATGPT_API_BASE'),
  ...each('set CODEX_ORIGINATOR', 'CHATGPT_ORIGINATOR'),
  ...each('the user agent begins with CODEX_ORIGINATOR', 'CHATGPT_USER_AGENT CHATGPT_USER_AGENT_SUFFIX'),
  ...each('CODEX_MODE says whose instructions are sent', 'CHATGPT_DEFAULT_INSTRUCTIONS'),
  ...each('set OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_HEADERS'),
  ...each('keys get another secret by POST /key/regenerate', 'LITELLM_KEY_ROTATION_ENABLED'),
  ...each('routes stand at the root; a proxy in front can take a prefix away', 'SERVER_ROOT_PATH'),
  ...each('idle connections have a fixed time', 'KEEPALIVE_TIMEOUT'),
  ...each(itself, 'REDIS_SOCKET_TIMEOUT REDIS_CIRCUIT_BREAKER_FAILURE_THRESHOLD REDIS_CIRCUIT_BREAKER_RECOVERY_TIMEOUT MAX_REQUESTS_BEFORE_RESTART PROMETHEUS_MULTIPROC_DIR'),
  ...each('health is answered at the same port, or at ADMIN_PORT', 'SEPARATE_HEALTH_APP SEPARATE_HEALTH_PORT'),
  ...each('set DRAIN_TIMEOUT_SECONDS', 'SUPERVISORD_STOPWAITSECS GRACEFUL_SHUTDOWN_TIMEOUT'),
  ...each('set request_timeout in litellm_settings', 'LITELLM_MAX_STREAMING_DURATION_SECONDS'),
  ...each('prices are bundled; codex_model_prices changes them', 'LITELLM_LOCAL_MODEL_COST_MAP LITELLM_MODEL_COST_MAP_URL'),
]); // prettier-ignore

/** The one form that traces are sent in; a receiver of gRPC or JSON would get none of them. */
const traceProtocol = 'http/protobuf';
const traceProtocolNames = ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER'];
/** The last is LiteLLM's word for it, in its own variable. */
const thatForm = ['', traceProtocol, 'otlp_http'];

/** One warning for each variable that is set and not acted on. Shows no value. */
export function foreignEnvironmentWarnings(environment: EnvSource): readonly string[] {
  const valueOf = (name: string): string => (environment[name] ?? '').trim();
  const protocols = traceProtocolNames.filter((name) => !thatForm.includes(valueOf(name)));
  return [
    ...[...reasons].filter(([name]) => valueOf(name) !== ''),
    ...protocols.map((name) => [name, `traces are sent as ${traceProtocol}`] as const),
  ].map(([name, reason]) => `environment ${name}: ignored, ${reason}`);
}

function each(reason: string, names: string): readonly (readonly [string, string])[] {
  return names.split(' ').map((name) => [name, reason] as const);
}
