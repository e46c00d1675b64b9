import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span as RecordedSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer as Recorder,
} from '@opentelemetry/api';
import { Span, type SpanFacts, type SpanName, Tracer } from '../../kernel/tracing';
import { callAttributes, requestAttributes } from './span-attributes';
import { parentOf } from './trace-parent';

/** How each part is shown: calls go out, everything else happens here. */
const kinds: Readonly<Record<SpanName, SpanKind>> = {
  admission: SpanKind.INTERNAL,
  attempt: SpanKind.CLIENT,
  refresh: SpanKind.INTERNAL,
  instruction_fetch: SpanKind.INTERNAL,
  settlement: SpanKind.INTERNAL,
};

/** Spans of OpenTelemetry, parents handed over by hand: nothing here follows the thread of execution. */
export class OtelTracer extends Tracer {
  constructor(private readonly recorder: Recorder) {
    super();
  }

  request(name: string, startMs: number, traceparent: string | undefined): Span {
    const parent = parentOf(traceparent);
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const span = this.recorder.startSpan(name, { kind: SpanKind.SERVER, startTime: startMs }, context);
    return new OtelSpan(this.recorder, span, requestAttributes);
  }
}

class OtelSpan extends Span {
  readonly traceId: string;
  readonly isRecording: boolean;
  private context: Context | undefined;

  constructor(
    private readonly recorder: Recorder,
    private readonly span: RecordedSpan,
    private readonly spelled: (facts: SpanFacts) => Attributes,
  ) {
    super();
    this.traceId = span.spanContext().traceId;
    this.isRecording = span.isRecording();
  }

  child(name: SpanName, startMs: number): Span {
    // What is not sampled has parts that nobody would see.
    if (!this.isRecording) return this;
    this.context ??= trace.setSpan(ROOT_CONTEXT, this.span);
    const part = this.recorder.startSpan(name, { kind: kinds[name], startTime: startMs }, this.context);
    return new OtelSpan(this.recorder, part, callAttributes);
  }

  tell(facts: SpanFacts): void {
    if (!this.isRecording) return;
    this.span.setAttributes(this.spelled(facts));
    const { operation, requestModel, failure } = facts;
    if (failure !== undefined) this.span.setStatus({ code: SpanStatusCode.ERROR });
    // By the conventions a call is named by what is asked of whom.
    if (this.spelled === callAttributes && operation !== undefined)
      this.span.updateName(`${operation} ${requestModel}`);
  }

  event(name: 'first_token', atMs: number): void {
    this.span.addEvent(name, atMs);
  }

  end(endMs: number): void {
    this.span.end(endMs);
  }
}
