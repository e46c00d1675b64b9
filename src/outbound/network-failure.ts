import { UpstreamFailure } from '../kernel/upstream-failure';

/** A broken or impossible connection in the words of the gateway. Neither host nor address is told: the cause has them, for the log. */
export function networkFailure(cause: unknown, phase: 'before_answer' | 'during_answer'): UpstreamFailure {
  const reason = reasonOf(cause);
  const what =
    phase === 'before_answer' ? 'The upstream could not be reached' : 'The connection to the upstream broke off';
  return new UpstreamFailure({ kind: 'network', code: 'upstream_unreachable', message: `${what} (${reason}).`, cause });
}

/** No connection within the limit. */
export function connectTimeout(limitMs: number): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'network',
    code: 'upstream_connect_timeout',
    message: `The upstream could not be connected to within ${limitMs} ms.`,
  });
}

/** No response headers within the limit. */
export function headersTimeout(limitMs: number): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: 'upstream_headers_timeout',
    message: `The upstream sent no response headers within ${limitMs} ms.`,
  });
}

/** A body that was to be read whole did not end within the limit. */
export function bodyTimeout(limitMs: number): UpstreamFailure {
  return new UpstreamFailure({
    kind: 'timeout',
    code: 'upstream_body_timeout',
    message: `The upstream did not finish its answer within ${limitMs} ms.`,
  });
}

/** Machine code of a socket or client error, for example `ECONNREFUSED`; these never carry secrets. */
function reasonOf(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string')
    return cause.code;
  return 'connection error';
}
