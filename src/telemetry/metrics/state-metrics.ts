import { answerBounds, stepBounds } from './metric-bounds';
import { MetricFamily } from './metric-family';

/** The shared state, the instructions, the callbacks, and the traces. */
export class StateMetrics extends MetricFamily {
  readonly command = this.make.histogram(
    { name: 'codex_state_command_seconds', help: 'Commands to the state.', labels: ['command'] },
    stepBounds,
  );
  readonly failures = this.make.counter({
    name: 'codex_state_failures_total',
    help: 'Commands to the state that failed: timeout, connection, offline, breaker, reply.',
    labels: ['command', 'reason'],
  });
  readonly redisLatency = this.make.histogram(
    {
      name: 'litellm_redis_latency',
      help: 'Commands to the state, seconds, as LiteLLM names them.',
      labels: ['redis'],
    },
    answerBounds,
  );
  readonly redisFails = this.make.counter({
    name: 'litellm_redis_fails_total',
    help: 'Commands to the state that failed, as LiteLLM names them.',
    labels: ['redis'],
  });
  readonly breakerOpen = this.make.gauge(
    { name: 'codex_breaker_open', help: '1 while nobody is sent there.', labels: ['breaker'] },
    'max',
  );
  readonly breakerOpened = this.make.counter({
    name: 'codex_breaker_opened_total',
    help: 'How often a breaker opened.',
    labels: ['breaker'],
  });
  readonly degraded = this.make.level(
    { name: 'codex_state_degraded', help: '1 while the state cannot be used as it should.' },
    'max',
  );
  readonly memoryUsed = this.make.gauge(
    { name: 'codex_redis_memory_used_bytes', help: 'Memory that Redis uses.', labels: [] },
    'max',
  );
  readonly memoryMax = this.make.gauge(
    { name: 'codex_redis_memory_max_bytes', help: 'Memory that Redis may use; 0: no limit of its own.', labels: [] },
    'max',
  );
  readonly instructions = this.make.counter({
    name: 'codex_instructions_total',
    help: 'Requests with official instructions, by source and text.',
    labels: ['source', 'sha256'],
  });
  readonly instructionsAge = this.make.gauge(
    {
      name: 'codex_instructions_age_seconds',
      help: 'Since the source last confirmed the official instructions that were used last.',
      labels: [],
    },
    'max',
  );
  readonly instructionFetches = this.make.counter({
    name: 'codex_instruction_fetches_total',
    help: 'Looks at the host of the instructions: changed, unchanged, failed.',
    labels: ['outcome'],
  });
  readonly instructionFetch = this.make.histogram(
    { name: 'codex_instruction_fetch_seconds', help: 'How long such a look took.', labels: ['outcome'] },
    stepBounds,
  );
  readonly callbackFailures = this.make.counter({
    name: 'litellm_callback_logging_failures_metric_total',
    help: 'Batches that a callback could not deliver.',
    labels: ['callback_name'],
  });
  readonly callbackEvents = this.make.counter({
    name: 'codex_callback_events_total',
    help: 'Finished requests by what became of telling a callback: sent, failed, dropped.',
    labels: ['callback_name', 'outcome'],
  });
  readonly traceSpans = this.make.counter({
    name: 'codex_trace_spans_total',
    help: 'Spans by what became of them: sent to the receiver of traces, lost.',
    labels: ['outcome'],
  });
}
