import { type SpanContext } from '@opentelemetry/api';

const shape = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const zeros = /^0+$/;

/**
 * Reads a `traceparent` header (W3C Trace Context): a trace that a client began, and whether it is sampled. Undefined for
 * what is malformed, so that a bad header begins a trace of our own.
 */
export function parentOf(header: string | undefined): SpanContext | undefined {
  const found = header === undefined ? null : shape.exec(header);
  if (found === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = found;
  // Later versions may append; the first may not. `ff` is forbidden.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (zeros.test(traceId) || zeros.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
