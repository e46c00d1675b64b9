import { type TokenUsage } from '../../kernel/usage';
import { type UpstreamFailure } from '../../kernel/upstream-failure';

/** How the upstream's stream stands: open until exactly one terminal event came. */
export type AnswerOutcome =
  | { readonly state: 'open' }
  | { readonly state: 'completed'; readonly usage: TokenUsage | undefined; readonly serviceTier: string | undefined }
  | { readonly state: 'incomplete'; readonly reason: string; readonly usage: TokenUsage | undefined }
  | { readonly state: 'failed'; readonly failure: UpstreamFailure; readonly usage: TokenUsage | undefined };
