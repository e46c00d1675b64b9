import { type FileSections } from './settings-sources';

/** What is told of requests, and to whom. */
export interface ObservabilitySettings {
  /** `/metrics` asks for a key. */
  readonly requireAuthForMetrics: boolean;
}

/** From `litellm_settings`, then `general_settings`. */
export function readObservability({ litellm, general }: FileSections): ObservabilitySettings {
  return {
    requireAuthForMetrics:
      (litellm.require_auth_for_metrics_endpoint ?? general.require_auth_for_metrics_endpoint) === true,
  };
}
