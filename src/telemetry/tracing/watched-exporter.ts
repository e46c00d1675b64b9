import { type OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { errorCode } from '../../kernel/error-code';

/** What became of one batch of spans. */
export interface TraceDelivery {
  readonly spans: number;
  /** Why they are lost: a connection's code, `status 503`, or `timeout`; undefined when they arrived. */
  readonly lost: string | undefined;
}

type Exporter = Pick<OTLPTraceExporter, 'export' | 'shutdown' | 'forceFlush'>;

/** Hands batches on, and tells what became of each: the library keeps that to itself. */
export class WatchedExporter implements Exporter {
  /** Called once for each batch. */
  heard: (delivery: TraceDelivery) => void = () => undefined;

  constructor(private readonly exporter: Exporter) {}

  export(...[spans, told]: Parameters<Exporter['export']>): void {
    this.exporter.export(spans, (result) => {
      this.heard({ spans: spans.length, lost: hasArrived(result) ? undefined : reasonOf(result.error) });
      told(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush();
  }
}

/** The enum of codes lies in a library that is loaded for those who trace only: 0 is success. */
function hasArrived({ code }: { readonly code: number }): boolean {
  return code === 0;
}

/** Nothing of what the receiver said. */
function reasonOf(error: unknown): string {
  const status = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof status === 'number' ? `status ${status}` : (errorCode(error) ?? 'timeout');
}
