import { invalidRequest } from '../kernel/errors';
import { inputTokensOf } from '../metering/token-estimates';
import { type AnswerEncoder, type AnswerFold } from '../protocol/canonical/answer-encoder';
import { type ChatOptions } from '../protocol/canonical/canonical-request';
import { ChatEncoder } from '../protocol/chat/chat-encoder';
import { ChatFold } from '../protocol/chat/chat-fold';
import { NativeEncoder } from '../protocol/codex/native-encoder';
import { ResponsesEncoder } from '../protocol/responses/responses-encoder';
import { ResponsesFold } from '../protocol/responses/responses-fold';
import { type Call, requestedModelOf } from './call';

const plainChat: ChatOptions = {
  includeUsage: false,
  stop: [],
  legacyFunctions: false,
  toolNames: new Map(),
  customTools: new Set(),
};

/** What a stream tells beside its answer. */
export interface StreamFacts {
  /** Stands in when upstream does not say when it answered. */
  readonly nowSeconds: number;
  /** The name that the answer bears, when it is not the one asked for. */
  readonly model?: string;
  /** For clients that are shown what a stream cost, asked at its end; nano-dollars. */
  readonly costNanos?: () => number | undefined;
}

/** The encoder of the call's dialect. */
export function encoderFor(call: Call, { nowSeconds, model: given, costNanos }: StreamFacts): AnswerEncoder {
  const { requestId } = call.context;
  if (call.dialect === 'native') return new NativeEncoder({ fallbackId: requestId, nowSeconds });
  const model = given ?? requestedModelOf(call);
  if (call.dialect === 'chat') {
    const { chat, estimatedInputTokens } = chatOf(call);
    return new ChatEncoder({ requestId, nowSeconds, model, costNanos, chat, estimatedInputTokens });
  }
  const shown = costNanos === undefined ? {} : { costNanos };
  const { isCodexCli } = call.context;
  return new ResponsesEncoder({ fallbackId: requestId, nowSeconds, model, ...shown, ...toolNamesOf(call), isCodexCli });
}

/** The fold of the call's dialect. @throws {GatewayError} 400 on the native surface, which only streams. */
export function foldFor(call: Call, nowSeconds: number, model = requestedModelOf(call)): AnswerFold {
  if (call.dialect === 'native') {
    throw invalidRequest('The native Codex surface only streams: send "stream": true.', 'stream');
  }
  const { requestId } = call.context;
  return call.dialect === 'chat'
    ? new ChatFold({ requestId, nowSeconds, model, ...chatOf(call) })
    : new ResponsesFold({ fallbackId: requestId, nowSeconds, model, ...toolNamesOf(call) });
}

function toolNamesOf({ client }: Call & { dialect: 'chat' | 'responses' }): {
  readonly toolNames?: ReadonlyMap<string, string>;
} {
  return client.toolNames === undefined ? {} : { toolNames: client.toolNames };
}

function chatOf({ client, size }: Call & { dialect: 'chat' | 'responses' }): {
  readonly chat: ChatOptions;
  readonly estimatedInputTokens: number;
} {
  return { chat: client.chat ?? plainChat, estimatedInputTokens: inputTokensOf(size) };
}
