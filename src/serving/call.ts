import { type CallContext } from '../http/call-context';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { type QuestionSize } from '../protocol/canonical/question-size';
import { type CallExtras } from '../protocol/openai/call-extras';
import { type RequestWishes } from '../protocol/request-wishes';
import { type NativeRequest } from '../upstream/upstream';

/** What a request says about its own routing, and the questions that it wants put to other models. */
export interface CallWishes extends Omit<RequestWishes, 'fallbacks'> {
  readonly fallbacks?: readonly { readonly model: string; readonly client?: ClientRequest }[];
}

/** A request that passed the edge: who, what, and in which dialect the answer is told. */
export type Call = {
  readonly context: CallContext;
  /** Route template for logs and metrics. */
  readonly route: string;
  /** What the request says beside its question. */
  readonly extras: CallExtras;
  /** How large its question is. */
  readonly size: QuestionSize;
  /** Service tier it asks for. */
  readonly requestedTier: string | undefined;
  /** For the ledger, where it is not the dialect's own. */
  readonly callType?: string;
  /** What it says of its own routing. */
  readonly wishes?: CallWishes;
} & (
  | {
      readonly dialect: 'chat' | 'responses';
      /** Replaced by `letGoOfQuestion`. */
      client: ClientRequest;
      /** The strings of `client.canonical` are wire text, which only serialising may not notice. */
      readonly isWire: boolean;
    }
  | {
      readonly dialect: 'native';
      native: NativeRequest;
      /** Its last item asks for a compaction. */
      readonly compactionTrigger: boolean;
      /** What the edge left out of an SDK's compaction. */
      readonly droppedParams?: readonly string[];
    }
);

/** Call type of compactions. */
export const compactCall = 'compact';

const nothing = Buffer.alloc(0);

/**
 * Once an answer has begun nobody asks for the question again, and it can be megabytes beside an answer that runs for an
 * hour: what is kept of it is what settling needs.
 */
export function letGoOfQuestion(call: Call): void {
  if (call.dialect === 'native') {
    call.native = { ...call.native, body: nothing };
  } else {
    const { client } = call;
    call.client = { ...client, canonical: { model: client.canonical.model, input: [] } };
  }
}

/** Model name as the client asked for it. */
export function requestedModelOf(call: Call): string {
  return call.dialect === 'native' ? call.native.model : call.client.canonical.model;
}

/** Whether the answer is told as it comes; a compaction is one JSON answer. */
export function isStream(call: Call): boolean {
  return call.dialect === 'native' ? call.callType !== compactCall : call.client.stream;
}

/** A whole answer for a client that did not ask for a stream. */
export interface JsonAnswer {
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8 bytes of the JSON. */
  readonly body: Buffer;
}
