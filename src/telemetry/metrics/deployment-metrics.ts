import { answerBounds } from './metric-bounds';
import { MetricFamily } from './metric-family';
import * as labels from './metric-labels';

/** Calls to deployments, and what routing makes of them. */
export class DeploymentMetrics extends MetricFamily {
  readonly total = this.make.counter({
    name: 'litellm_deployment_total_requests_total',
    help: 'Calls to a deployment.',
    labels: labels.attempt,
  });
  readonly success = this.make.counter({
    name: 'litellm_deployment_success_responses_total',
    help: 'Calls to a deployment that succeeded.',
    labels: labels.attempt,
  });
  readonly failure = this.make.counter({
    name: 'litellm_deployment_failure_responses_total',
    help: 'Calls to a deployment that failed.',
    labels: [...labels.attempt, ...labels.failure],
  });
  readonly failureKinds = this.make.counter({
    name: 'codex_upstream_failures_total',
    help: 'Calls to a deployment that failed, by what went wrong.',
    labels: ['requested_model', 'model_id', 'kind'],
  });
  readonly latencyPerToken = this.make.histogram(
    {
      name: 'litellm_deployment_latency_per_output_token',
      help: 'Upstream call over its output tokens, seconds.',
      labels: [...labels.deployment, ...labels.key, ...labels.team],
    },
    answerBounds,
  );
  readonly state = this.make.gauge(
    {
      name: 'litellm_deployment_state',
      help: '0: the last call went well, 1: it failed, 2: the deployment is cooling down.',
      labels: labels.deployment,
    },
    'max',
  );
  readonly rpmLimit = this.make.gauge(
    { name: 'litellm_deployment_rpm_limit', help: 'Requests a minute it may take.', labels: labels.deployment },
    'max',
  );
  readonly tpmLimit = this.make.gauge(
    { name: 'litellm_deployment_tpm_limit', help: 'Tokens a minute it may take.', labels: labels.deployment },
    'max',
  );
  readonly cooled = this.make.counter({
    name: 'litellm_deployment_cooled_down_total',
    help: 'Cooldowns of a deployment.',
    labels: [...labels.deployment, 'exception_status'],
  });
  readonly cooldowns = this.make.counter({
    name: 'codex_cooldowns_total',
    help: 'Cooldowns of accounts, models, deployments and ways to hosts, by reason.',
    labels: ['scope', 'reason'],
  });
  readonly cooledUntil = this.make.gauge(
    {
      name: 'codex_cooldown_until_timestamp_seconds',
      help: 'When what is cooling down takes calls again, Unix time; 0 when it does.',
      labels: ['scope', 'name'],
    },
    'max',
  );
  readonly fallbackSuccess = this.make.counter({
    name: 'litellm_deployment_successful_fallbacks_total',
    help: 'Fallbacks to another model group that answered.',
    labels: labels.fallback,
  });
  readonly fallbackFailure = this.make.counter({
    name: 'litellm_deployment_failed_fallbacks_total',
    help: 'Fallbacks to another model group that failed too.',
    labels: labels.fallback,
  });
  readonly retries = this.make.counter({
    name: 'codex_retries_total',
    help: 'Further calls after a failure, by what went wrong before.',
    labels: ['requested_model', 'kind'],
  });
  readonly affinity = this.make.counter({
    name: 'codex_affinity_total',
    help: 'Conversations that ought to stay with an account: hit (it did) or break.',
    labels: ['bond', 'outcome'],
  });
  readonly remainingRequests = this.make.gauge(
    {
      name: 'litellm_remaining_requests_metric',
      help: 'Requests left by the last answer of the upstream.',
      labels: labels.overhead,
    },
    'min',
  );
  readonly remainingTokens = this.make.gauge(
    {
      name: 'litellm_remaining_tokens_metric',
      help: 'Tokens left by the last answer of the upstream.',
      labels: labels.overhead,
    },
    'min',
  );
  readonly oldRemainingRequests = this.make.gauge(
    {
      name: 'litellm_remaining_requests',
      help: 'The same as litellm_remaining_requests_metric, for dashboard_v2 of LiteLLM.',
      labels: labels.overhead,
    },
    'min',
  );
  readonly oldRemainingTokens = this.make.gauge(
    {
      name: 'litellm_remaining_tokens',
      help: 'The same as litellm_remaining_tokens_metric, for dashboard_v2 of LiteLLM.',
      labels: labels.overhead,
    },
    'min',
  );
}
