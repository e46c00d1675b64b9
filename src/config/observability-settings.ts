import { type Environment } from './env.schema';
import { type FileSections } from './settings-sources';

/** What is told of requests, and to whom. */
export interface ObservabilitySettings {
  /** `/metrics` asks for a key. */
  readonly requireAuthForMetrics: boolean;
  /** Management routes and `/metrics` are served on this port only; undefined: on the port of everything. */
  readonly adminPort: number | undefined;
  readonly metrics: MetricsSettings;
  readonly traces: TraceSettings;
  readonly callbacks: CallbackSettings;
  /** False: prompts and answers are logged for nobody, also not for keys that opted in for a time. */
  readonly mayLogContent: boolean;
}

/** Which metrics there are, and how finely they tell. Names are LiteLLM's, without the `_total` of counters. */
export interface MetricsSettings {
  /** Label sets of one metric beyond which labels read `other`. */
  readonly maxSeries: number;
  /** The only metrics that are served, each with its only labels (undefined: its usual ones); undefined: all metrics. */
  readonly served: ReadonlyMap<string, readonly string[] | undefined> | undefined;
  readonly withoutMetrics: readonly string[];
  readonly withoutLabels: readonly string[];
  readonly userLabel: boolean;
  readonly endUserLabel: boolean;
  readonly streamLabel: boolean;
  /** Names below `metadata`. */
  readonly metadataLabels: readonly string[];
  /** Tags, which may hold `*`. */
  readonly tagLabels: readonly string[];
  /** Budgets of all keys and teams are told at start. */
  readonly initializeBudgets: boolean;
}

/** Where traces go. */
export interface TraceSettings {
  /** URL that OTLP over HTTP is posted to; undefined: nothing is recorded. */
  readonly url: string | undefined;
  readonly serviceName: string;
  /** Prompts and answers of keys that opted in are written into spans too. */
  readonly captureContent: boolean;
}

/** Who else hears of finished requests. */
export interface CallbackSettings {
  /** Which requests are posted to `webhookUrl`. */
  readonly webhook: 'none' | 'success' | 'failure' | 'all';
  readonly webhookUrl: string | undefined;
  /** Signs what is posted. */
  readonly signingSecret: string | undefined;
}

/** Nothing optional is on. */
export const defaultObservability: ObservabilitySettings = {
  requireAuthForMetrics: false,
  adminPort: undefined,
  metrics: {
    maxSeries: 2_000,
    served: undefined,
    withoutMetrics: [],
    withoutLabels: [],
    userLabel: false,
    endUserLabel: false,
    streamLabel: false,
    metadataLabels: [],
    tagLabels: [],
    initializeBudgets: false,
  },
  traces: { url: undefined, serviceName: 'codex-gateway', captureContent: false },
  callbacks: { webhook: 'none', webhookUrl: undefined, signingSecret: undefined },
  mayLogContent: true,
};

/** Settings, and what of the file has no effect. */
export interface ObservabilityReading {
  readonly observability: ObservabilitySettings;
  readonly warnings: readonly string[];
}

/** From `litellm_settings`, `general_settings` and the environment. */
export function readObservability(environment: Environment, sections: FileSections): ObservabilityReading {
  const { litellm, general } = sections;
  const traces = tracesOf(environment);
  const { callbacks, warnings } = callbacksOf(environment, sections, traces.url !== undefined);
  const observability = {
    requireAuthForMetrics:
      (litellm.require_auth_for_metrics_endpoint ?? general.require_auth_for_metrics_endpoint) === true,
    adminPort: environment.ADMIN_PORT,
    metrics: metricsOf(environment, litellm),
    traces,
    callbacks,
    mayLogContent: litellm.turn_off_message_logging !== true,
  };
  return { observability, warnings };
}

function metricsOf(environment: Environment, litellm: FileSections['litellm']): MetricsSettings {
  const isOn = litellm.enable_end_user_cost_tracking_prometheus_only === true;
  const isOff = litellm.disable_end_user_cost_tracking_prometheus_only === true;
  return {
    maxSeries: environment.PROMETHEUS_MAX_SERIES_PER_METRIC ?? defaultObservability.metrics.maxSeries,
    served: servedOf(litellm),
    withoutMetrics: (litellm.prometheus_exclude_metrics ?? []).map(metricName),
    withoutLabels: litellm.prometheus_exclude_labels ?? [],
    userLabel: litellm.codex_metrics_user_label === true,
    endUserLabel: isOn && !isOff,
    streamLabel: litellm.prometheus_emit_stream_label === true,
    metadataLabels: litellm.custom_prometheus_metadata_labels ?? [],
    tagLabels: litellm.custom_prometheus_tags ?? [],
    initializeBudgets: litellm.prometheus_initialize_budget_metrics === true,
  };
}

function servedOf({ prometheus_metrics_config: groups }: FileSections['litellm']): MetricsSettings['served'] {
  if (groups === undefined || groups === null) return undefined;
  return new Map(
    groups.flatMap(({ metrics, include_labels: labels }) =>
      metrics.map((name) => [metricName(name), labels ?? undefined] as const),
    ),
  );
}

/** Counters may be written with the ending that they are shown with. */
function metricName(written: string): string {
  return written.replace(/_total$/, '');
}

function tracesOf(environment: Environment): TraceSettings {
  const {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces,
    OTEL_EXPORTER_OTLP_ENDPOINT: base,
    OTEL_ENDPOINT: old,
  } = environment;
  const root = base ?? old;
  const derived = root === undefined ? undefined : `${root.replace(/\/+$/, '').replace(/\/v1\/traces$/, '')}/v1/traces`;
  return {
    url: environment.OTEL_SDK_DISABLED === true ? undefined : (traces ?? derived),
    serviceName: environment.OTEL_SERVICE_NAME ?? defaultObservability.traces.serviceName,
    captureContent: environment.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT === true,
  };
}

/** Callbacks that need nothing: they are always served, or are set elsewhere. */
const alwaysOn: ReadonlySet<string> = new Set(['prometheus', 'prometheus_system']);

function callbacksOf(
  environment: Environment,
  { litellm }: FileSections,
  hasTraces: boolean,
): { readonly callbacks: CallbackSettings; readonly warnings: readonly string[] } {
  const all = namesIn(litellm.callbacks);
  const success = [...all, ...namesIn(litellm.success_callback)];
  const failure = [...all, ...namesIn(litellm.failure_callback)];
  const [onSuccess, onFailure] = [success.includes('webhook'), failure.includes('webhook')];
  const webhookUrl = environment.WEBHOOK_URL;
  const asked = new Set([...success, ...failure]);
  const warnings = [...asked].flatMap((name) => {
    const text = warningOf(name, { hasTraces, hasWebhook: webhookUrl !== undefined });
    return text === undefined ? [] : [`litellm_settings callbacks: ${text}`];
  });
  const webhook = onSuccess ? (onFailure ? 'all' : 'success') : onFailure ? 'failure' : 'none';
  return {
    callbacks: {
      webhook: webhookUrl === undefined ? 'none' : webhook,
      webhookUrl,
      signingSecret: environment.WEBHOOK_SIGNING_SECRET,
    },
    warnings,
  };
}

function warningOf(
  name: string,
  has: { readonly hasTraces: boolean; readonly hasWebhook: boolean },
): string | undefined {
  if (alwaysOn.has(name)) return undefined;
  if (name === 'otel')
    return has.hasTraces ? undefined : 'otel does nothing until OTEL_EXPORTER_OTLP_ENDPOINT names a receiver';
  if (name === 'webhook') return has.hasWebhook ? undefined : 'webhook does nothing until WEBHOOK_URL names a receiver';
  return `'${name}' is not served here; there are prometheus, otel and webhook, and hook modules (docs/hooks.md)`;
}

function namesIn(value: unknown): readonly string[] {
  const list: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) => (typeof item === 'string' ? item.slice(0, 80) : 'an entry that is no name'));
}
