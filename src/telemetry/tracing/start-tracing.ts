import { type ContextManager, trace } from '@opentelemetry/api';
import { type TraceSettings } from '../../config/observability-settings';
import { type Tracer } from '../../kernel/tracing';
import { OtelTracer } from './otel-tracer';
import { type TraceDelivery, WatchedExporter } from './watched-exporter';

/** A tracer that records, and how to end it. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Who hears what becomes of each batch of spans; one at a time. */
  readonly onDelivery: (heard: (delivery: TraceDelivery) => void) => void;
  /** Sends what is still here; gives up after a while. Never throws. */
  readonly stop: () => Promise<void>;
}

/**
 * Null is "none" here as for the propagator, though its type does not say so. The usual manager hooks into every promise of
 * the process, which costs more than all spans do; ours are handed their parents.
 */
const none = null as unknown as ContextManager;
/** How long the last spans may take to leave, milliseconds. */
const farewellMs = 3_000;

/**
 * Starts recording when an endpoint is set. The libraries are loaded only then: they cost memory and time that nobody
 * should pay for nothing. Sampler, batches, headers and resource attributes follow the standard `OTEL_*` variables of the
 * real environment.
 */
export async function startTracing(settings: TraceSettings, version: string): Promise<Tracing | undefined> {
  const { url, serviceName } = settings;
  if (url === undefined) return undefined;
  const [{ NodeSDK, resources }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const exporter = new WatchedExporter(new OTLPTraceExporter({ url }));
  const sdk = new NodeSDK({
    serviceName,
    traceExporter: exporter,
    // Spans are made by hand; a library that follows every call of the process would cost many times as much.
    instrumentations: [],
    // Only what the operator writes into OTEL_RESOURCE_ATTRIBUTES: the others tell the command line and the host.
    resourceDetectors: [resources.envDetector],
    metricReaders: [],
    logRecordProcessors: [],
    textMapPropagator: null,
    contextManager: none,
  });
  sdk.start();
  const tracer = new OtelTracer(trace.getTracer('codex-gateway', version));
  return {
    tracer,
    onDelivery: (heard) => {
      exporter.heard = heard;
    },
    stop: async () => {
      await Promise.race([sdk.shutdown().catch(() => undefined), pause(farewellMs)]);
      trace.disable();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
