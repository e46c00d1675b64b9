import { type CountsByError, type ErrorClass } from '../../config/routing-values';
import { type FailureKind } from '../../kernel/upstream-failure';

const classes: Readonly<Record<FailureKind, ErrorClass | undefined>> = {
  rate_limited: 'RateLimitError',
  quota_exhausted: 'RateLimitError',
  unauthorized: 'AuthenticationError',
  workspace_refused: 'AuthenticationError',
  blocked: 'ServiceUnavailableError',
  overloaded: 'ServiceUnavailableError',
  server_error: 'InternalServerError',
  context_too_long: 'BadRequestError',
  content_policy: 'ContentPolicyViolationError',
  invalid_request: 'BadRequestError',
  model_unavailable: 'NotFoundError',
  network: 'BadGatewayError',
  timeout: 'TimeoutError',
  cut: 'BadGatewayError',
  client_gone: undefined,
};

/** LiteLLM's name for a kind of failure; undefined for what no policy can speak of. */
export function errorClassOf(kind: FailureKind): ErrorClass | undefined {
  return classes[kind];
}

/** What a policy says of a kind of failure; undefined when it says nothing. */
export function countFor(policy: CountsByError | undefined, kind: FailureKind): number | undefined {
  const errorClass = classes[kind];
  if (policy === undefined || errorClass === undefined) return undefined;
  return policy.get(errorClass) ?? policy.get('Default');
}
