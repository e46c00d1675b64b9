import { type CallContext } from '../http/call-context';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { type NativeRequest } from '../upstream/upstream';

/** A request that passed the edge: who, what, and in which dialect the answer is told. */
export type Call = {
  readonly context: CallContext;
  /** Route template for logs and metrics. */
  readonly route: string;
} & (
  | {
      readonly dialect: 'chat' | 'responses';
      readonly client: ClientRequest;
      /** The strings of `client.canonical` are wire text, which only serialising may not notice. */
      readonly isWire: boolean;
    }
  | { readonly dialect: 'native'; readonly native: NativeRequest }
);

/** Model name as the client asked for it. */
export function requestedModelOf(call: Call): string {
  return call.dialect === 'native' ? call.native.model : call.client.canonical.model;
}

/** A whole answer for a client that did not ask for a stream. */
export interface JsonAnswer {
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8 bytes of the JSON. */
  readonly body: Buffer;
}
