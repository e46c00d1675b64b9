import { type FailureKind, UpstreamFailure } from '../kernel/upstream-failure';
import { type Pretence, type TryPlan } from './try-plan';

const kinds: Readonly<Record<Pretence, FailureKind>> = {
  fallbacks: 'server_error',
  context_window: 'context_too_long',
  content_policy: 'content_policy',
  rate_limit: 'rate_limited',
  timeout: 'timeout',
};

/** The failure that a request asks for to test its fallbacks; nobody is called, and nobody is blamed for it. */
export function pretended({ wishes }: TryPlan): UpstreamFailure | undefined {
  if (wishes.pretend === undefined) return undefined;
  return new UpstreamFailure({
    kind: kinds[wishes.pretend],
    message: `This failure was asked for by the request (mock_testing_*).`,
  });
}
