import { z } from 'zod';
import { flag, key, reading, readTexts, text } from './file-values';

const names = reading(readTexts, 'must be a name or a list of names');
const metadataPath = reading(readMetadataPaths, 'must be a list of metadata.NAME, NAME of letters, digits and _ - .');
const metricGroups = z.array(
  z.looseObject({
    group: text.nullish(),
    metrics: names,
    include_labels: names.nullish(),
  }),
  { error: 'must be a list of {group, metrics, include_labels}' },
);
const callbacks = key(
  z.union([text, z.array(z.unknown())], { error: 'must be a name or a list of names' }),
  'prometheus (always on), otel, webhook; others are named in a warning',
);
const quietContent = key(flag, 'true: no prompt or answer is logged, whatever a key asks for');

/** Keys of the file that the observability settings are read from, by section; `gateway-file.schema.ts` spreads them. */
export const observabilityKeys = {
  general: {},
  litellm: {
    callbacks,
    success_callback: callbacks,
    failure_callback: callbacks,
    service_callback: key(names, 'prometheus_system; its metrics are always served', 'mapped'),
    service_callbacks: key(names, 'same as service_callback', 'mapped'),
    turn_off_message_logging: quietContent,
    prometheus_metrics_config: key(metricGroups, 'the only metrics that are served, and their labels'),
    prometheus_exclude_metrics: key(names, 'metrics that are not served'),
    prometheus_exclude_labels: key(names, 'labels that no metric has'),
    prometheus_initialize_budget_metrics: key(flag, 'budgets are shown before their first request'),
    prometheus_emit_stream_label: key(flag, 'a label tells streams and JSON answers apart'),
    custom_prometheus_metadata_labels: key(metadataPath, 'metadata that becomes a label'),
    custom_prometheus_tags: key(names, 'tags that become a label, true or false'),
    codex_metrics_user_label: key(flag, 'metrics tell users apart'),
    enable_end_user_cost_tracking_prometheus_only: key(flag, 'metrics tell customers (end users) apart'),
    disable_end_user_cost_tracking_prometheus_only: key(flag, 'metrics never tell customers (end users) apart'),
  },
  router: {},
  /** `litellm_params` of a deployment. */
  deployment: {},
} as const;

/** `metadata.NAME` as LiteLLM writes it, or the bare name; undefined for anything else. */
function readMetadataPaths(value: unknown): readonly string[] | undefined {
  const paths = readTexts(value)?.map((path) => path.replace(/^metadata\./, ''));
  return paths?.every((path) => /^[A-Za-z0-9_.-]{1,60}$/.test(path)) === true ? paths : undefined;
}
