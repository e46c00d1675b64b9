import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFault } from './config-fault';
import { loadSettings } from './load-settings';
import { defaultObservability } from './observability-settings';
import { type Settings } from './settings';

const key = 'sk-observability-spec-0001';

/** Settings of a file whose `litellm_settings` are these. */
function loaded(litellm: string, env: Readonly<Record<string, string>> = {}): Settings {
  const folder = mkdtempSync(join(tmpdir(), 'observability-'));
  writeFileSync(join(folder, 'config.yaml'), `litellm_settings:\n${litellm.replace(/^/gm, '  ')}\n`);
  try {
    return loadSettings({
      env: { LITELLM_MASTER_KEY: key, ...env },
      argv: ['--config', join(folder, 'config.yaml')],
      cwd: folder,
      homeDir: folder,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('metrics settings', () => {
  it('are the defaults when nothing is said', () => {
    expect(loaded('num_retries: 1').observability).toEqual(defaultObservability);
  });

  it("read LiteLLM's switches", () => {
    const text = `
callbacks: ["prometheus"]
service_callback: ["prometheus_system"]
prometheus_metrics_config:
  - group: traffic
    metrics: [litellm_proxy_total_requests_metric, litellm_spend_metric_total]
    include_labels: [team, user]
  - metrics: litellm_requests_metric
prometheus_exclude_metrics: [codex_stream_ends_total]
prometheus_exclude_labels: [client_ip]
prometheus_emit_stream_label: true
prometheus_initialize_budget_metrics: "true"
custom_prometheus_metadata_labels: [metadata.foo, bar]
custom_prometheus_tags: [prod, "User-Agent: x/*"]
enable_end_user_cost_tracking_prometheus_only: true
codex_metrics_user_label: true`;
    const { observability, warnings } = loaded(text, { PROMETHEUS_MAX_SERIES_PER_METRIC: '50' });
    expect(observability.metrics).toEqual({
      maxSeries: 50,
      served: new Map([
        ['litellm_proxy_total_requests_metric', ['team', 'user']],
        ['litellm_spend_metric', ['team', 'user']],
        ['litellm_requests_metric', undefined],
      ]),
      withoutMetrics: ['codex_stream_ends'],
      withoutLabels: ['client_ip'],
      userLabel: true,
      endUserLabel: true,
      streamLabel: true,
      metadataLabels: ['foo', 'bar'],
      tagLabels: ['prod', 'User-Agent: x/*'],
      initializeBudgets: true,
    });
    expect(warnings).toEqual([]);
  });

  it('let the switch against end users win', () => {
    const text =
      'enable_end_user_cost_tracking_prometheus_only: true\ndisable_end_user_cost_tracking_prometheus_only: true';
    expect(loaded(text).observability.metrics.endUserLabel).toBe(false);
  });

  it.each([
    ['prometheus_metrics_config: all', 'must be a list of {group, metrics, include_labels}'],
    ['custom_prometheus_metadata_labels: ["metadata.a b"]', 'must be a list of metadata.NAME'],
    ['prometheus_exclude_labels: {a: 1}', 'must be a name or a list of names'],
  ])('refuse %s', (text, message) => {
    expect(() => loaded(text)).toThrow(ConfigFault);
    expect(() => loaded(text)).toThrow(message);
  });
});

describe('callbacks', () => {
  const env = { WEBHOOK_URL: 'https://hooks.example/x?sig=1', WEBHOOK_SIGNING_SECRET: 'whsec-1' };

  it.each([
    ['callbacks: [webhook]', 'all'],
    ['success_callback: webhook', 'success'],
    ['failure_callback: ["webhook", "prometheus"]', 'failure'],
    ['success_callback: [webhook]\nfailure_callback: [webhook]', 'all'],
    ['callbacks: [prometheus]', 'none'],
  ])('%j posts %s', (text, webhook) => {
    const { observability, warnings } = loaded(text, env);
    expect(observability.callbacks).toEqual({ webhook, webhookUrl: env.WEBHOOK_URL, signingSecret: 'whsec-1' });
    expect(warnings).toEqual([]);
  });

  it('that need more than a name, or are not known, are told', () => {
    const { observability, warnings } = loaded('callbacks: [webhook, otel, langfuse, custom.handler, {a: 1}]');
    expect(observability.callbacks.webhook).toBe('none');
    expect(warnings).toEqual([
      'litellm_settings callbacks: webhook does nothing until WEBHOOK_URL names a receiver',
      'litellm_settings callbacks: otel does nothing until OTEL_EXPORTER_OTLP_ENDPOINT names a receiver',
      "litellm_settings callbacks: 'langfuse' is not served here; there are prometheus, otel and webhook, and hook modules (docs/hooks.md)",
      "litellm_settings callbacks: 'custom.handler' is not served here; there are prometheus, otel and webhook, and hook modules (docs/hooks.md)",
      "litellm_settings callbacks: 'an entry that is no name' is not served here; there are prometheus, otel and webhook, and hook modules (docs/hooks.md)",
    ]);
  });
});

describe('traces', () => {
  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/base/' }, 'http://collector:4318/base/v1/traces'],
    [{ OTEL_ENDPOINT: 'http://collector:4318/v1/traces' }, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }, 'http://t/x'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, undefined],
  ])('of %j go to %s', (env, url) => {
    expect(loaded('num_retries: 1', env as Record<string, string>).observability.traces.url).toBe(url);
  });

  it('have a name and a switch for content', () => {
    const env = { OTEL_SERVICE_NAME: 'ours', OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' };
    expect(loaded('num_retries: 1', env).observability.traces).toMatchObject({
      serviceName: 'ours',
      captureContent: true,
    });
  });
});

it('turn_off_message_logging forbids what a key may ask for', () => {
  expect(loaded('turn_off_message_logging: true').observability.mayLogContent).toBe(false);
  expect(loaded('turn_off_message_logging: false').observability.mayLogContent).toBe(true);
});
