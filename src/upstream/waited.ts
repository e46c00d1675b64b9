import { type Clock } from '../kernel/clock';
import { type Span, type SpanName } from '../kernel/tracing';

/** What is at hand is not worth a span, milliseconds. */
const worthTellingMs = 1;

/** Where a wait is told. */
export interface ToldTo {
  readonly span: Span;
  readonly name: SpanName;
  readonly clock: Clock;
}

/** Waits for something that is nearly always at hand, and tells the trace when it was not. */
export async function waited<T>(work: Promise<T>, { span, name, clock }: ToldTo): Promise<T> {
  if (!span.isRecording) return work;
  const startedMs = clock.monotonicMs();
  try {
    return await work;
  } finally {
    const endMs = clock.monotonicMs();
    if (endMs - startedMs >= worthTellingMs) span.child(name, startedMs).end(endMs);
  }
}
