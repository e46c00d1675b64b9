import { type AccessToken } from '../auth/access-tokens';
import { type ResolvedModel } from '../models/catalog-entry';

/** A call that only lacks its login: made once, sent once or, after a renewed login, twice. */
export interface PreparedCall {
  readonly model: ResolvedModel;
  readonly url: string;
  readonly body: string | Uint8Array;
  /** Undefined login: an upstream without authorization. */
  readonly headersFor: (token: AccessToken | undefined) => Record<string, string>;
  /** Parameters that this upstream does not take. */
  readonly droppedParams: readonly string[];
  /** The official instructions that were put in; undefined when there are none. */
  readonly instructions: string | undefined;
  /** The caller's own headers close this model to it: a refusal of the model says nothing about the account. */
  readonly isClosedByCaller?: boolean;
}
