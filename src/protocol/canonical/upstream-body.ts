import { type JsonObject } from './canonical-request';

/** A body for an upstream, and the request's fields that it could not take, sorted. */
export interface UpstreamBody {
  readonly body: JsonObject;
  readonly dropped: readonly string[];
}
