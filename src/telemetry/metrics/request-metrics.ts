import { type CellCounter, type CellHistogram } from '../cell-metrics';
import {
  answerBounds,
  attemptBounds,
  genAiDurationBounds,
  genAiFirstChunkBounds,
  genAiTokenBounds,
  tokenGapBounds,
} from './metric-bounds';
import { MetricFamily } from './metric-family';
import * as labels from './metric-labels';

/** What client requests leave behind. Names and labels of the `litellm_` family are LiteLLM's, so that its dashboards work. */
export class RequestMetrics extends MetricFamily {
  readonly proxyTotal = this.make.counter({
    name: 'litellm_proxy_total_requests_metric_total',
    help: 'Requests to the gateway.',
    labels: [...labels.proxy, 'status_code', ...this.make.ownLabels.names, ...this.make.streamLabel],
  });
  readonly proxyFailed = this.make.counter({
    name: 'litellm_proxy_failed_requests_metric_total',
    help: 'Requests answered by an error.',
    labels: [...labels.proxy, ...labels.failure, ...this.make.ownLabels.names],
  });
  readonly requests = this.counted('litellm_requests_metric_total', 'Requests that reached a deployment.');
  readonly spend = this.counted('litellm_spend_metric_total', 'What requests were charged, US dollars.');
  readonly upstreamFailed = this.make.counter({
    name: 'litellm_llm_api_failed_requests_metric_total',
    help: 'Requests that a deployment failed. Kept for old dashboards: litellm_proxy_failed_requests_metric says more.',
    labels: [...labels.holder, 'model', 'user', 'end_user'],
  });

  readonly inputTokens = this.tokens('litellm_input_tokens_metric_total', 'Input tokens, cached ones included.');
  readonly outputTokens = this.tokens('litellm_output_tokens_metric_total', 'Output tokens, reasoning included.');
  readonly totalTokens = this.tokens('litellm_total_tokens_metric_total', 'Input and output tokens.');
  readonly cachedTokens = this.tokens(
    'litellm_input_cached_tokens_metric_total',
    'Input tokens from the prompt cache.',
  );
  readonly cacheWriteTokens = this.tokens(
    'litellm_input_cache_creation_tokens_metric_total',
    'Input tokens written to the prompt cache.',
  );
  readonly reasoningTokens = this.tokens('litellm_output_reasoning_tokens_metric_total', 'Output tokens of reasoning.');

  readonly requestLatency = this.duration('litellm_request_total_latency_metric', 'Whole request, seconds.');
  readonly upstreamLatency = this.duration('litellm_llm_api_latency_metric', 'Upstream call, seconds.');
  readonly firstToken = this.duration(
    'litellm_llm_api_time_to_first_token_metric',
    'Streams: from the call upstream to the first content, seconds.',
  );
  readonly queueTime = this.duration(
    'litellm_request_queue_time_seconds',
    'From the arrival of a request to the first call upstream, seconds.',
  );
  readonly overhead = this.make.histogram(
    { name: 'litellm_overhead_latency_metric', help: "The gateway's own part, seconds.", labels: labels.overhead },
    answerBounds,
  );
  readonly selfLatency = this.make.histogram(
    { name: 'litellm_self_latency', help: 'Requests as the gateway served them, seconds.', labels: ['self'] },
    answerBounds,
  );

  readonly streamEnds = this.make.counter(
    {
      name: 'codex_stream_ends_total',
      help: 'How streams ended: completed, incomplete, failed, cut, client_gone.',
      labels: ['end'],
    },
    [['completed'], ['incomplete'], ['failed'], ['cut'], ['client_gone']],
  );
  readonly tokenGap = this.make.histogram(
    {
      name: 'codex_inter_token_seconds',
      help: 'Streams: time between two output tokens, averaged over an answer.',
      labels: ['requested_model'],
    },
    tokenGapBounds,
  );
  readonly attempts = this.make.histogram(
    {
      name: 'codex_upstream_attempts',
      help: 'Calls upstream made for one request.',
      labels: ['requested_model'],
    },
    attemptBounds,
  );
  readonly usageMissing = this.make.counter({
    name: 'codex_usage_missing_total',
    help: 'Answers that ended well and whose usage nobody told.',
    labels: ['requested_model'],
  });
  readonly cacheSaved = this.make.counter({
    name: 'codex_cache_saved_dollars_total',
    help: 'What cached input tokens cost less than others, US dollars.',
    labels: ['requested_model'],
  });
  readonly droppedParams = this.make.counter({
    name: 'codex_dropped_params_total',
    help: 'Parameters that could not be sent upstream.',
    labels: ['param'],
  });
  readonly remappedModels = this.make.counter({
    name: 'codex_remapped_models_total',
    help: 'Requests for a retired model answered by another.',
    labels: ['model'],
  });

  readonly genAiTokens = this.make.histogram(
    {
      name: 'gen_ai_client_token_usage',
      help: 'Tokens of one answer, by type.',
      labels: [...labels.genAi, 'gen_ai_token_type'],
    },
    genAiTokenBounds,
  );
  readonly genAiDuration = this.make.histogram(
    {
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Calls upstream as the client of the gateway saw them.',
      labels: [...labels.genAi, 'error_type'],
    },
    genAiDurationBounds,
  );
  readonly genAiFirstChunk = this.make.histogram(
    {
      name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
      help: 'Streams: from the call upstream to the first content.',
      labels: labels.genAi,
    },
    genAiFirstChunkBounds,
  );

  private counted(name: string, help: string): CellCounter {
    return this.make.counter({ name, help, labels: [...labels.served, ...this.make.ownLabels.names] });
  }

  private tokens(name: string, help: string): CellCounter {
    return this.make.counter({ name, help, labels: [...labels.tokens, ...this.make.ownLabels.names] });
  }

  private duration(name: string, help: string): CellHistogram {
    const shape = { name, help, labels: [...labels.latency, ...this.make.ownLabels.names] };
    return this.make.histogram(shape, answerBounds);
  }
}
