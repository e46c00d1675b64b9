import { type TokenUsage } from '../../kernel/usage';
import { type ChatOptions } from '../canonical/canonical-request';

/** What both tellers of a chat answer need to know of the question. */
export interface ChatAnswerOptions {
  /** Name as the client asked for it; echoed. */
  readonly model: string;
  /** Names the answer, so that the spend log has it under the id that the client was told. */
  readonly requestId: string;
  /** Unix seconds that stand in when upstream does not say when it answered. */
  readonly nowSeconds: number;
  readonly chat: ChatOptions;
  /** Reported as `prompt_tokens` when the answer was cut by a stop sequence, before upstream told its usage. */
  readonly estimatedInputTokens?: number;
  /** Asked for at the end of a stream that shows its cost; nano-dollars, undefined when nobody knows. */
  readonly costNanos?: (() => number | undefined) | undefined;
}

const chatPrefix = 'chatcmpl-';

/** The id of a chat's answer. */
export function chatIdOf(requestId: string): string {
  return `${chatPrefix}${requestId}`;
}

/** The request that a chat's answer belongs to; any other id is a request's own. */
export function requestIdIn(id: string): string {
  return id.startsWith(chatPrefix) ? id.slice(chatPrefix.length) : id;
}

/** A tool call of the answer, as the client knows it. */
export interface ToolCall {
  /** Running number over the calls of the answer. */
  readonly index: number;
  readonly callId: string;
  /** The client's own name of the tool. */
  readonly name: string;
  /** `legacy`: the question used `functions`. `unheard`: a second call, for which `function_call` has no place. */
  readonly kind: 'function' | 'custom' | 'legacy' | 'unheard';
}

/** What is fixed when the first piece is told. */
export interface ChatHead {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  /** Text comes first (or nothing at all): `content` begins as an empty string. Else it is null until text comes. */
  readonly textFirst: boolean;
}

/** OpenAI's reasons. */
export type FinishReason = 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'function_call';

/** How a chat answer ended. */
export interface ChatEnd {
  readonly reason: FinishReason;
  readonly usage: TokenUsage;
  readonly serviceTier: string | undefined;
}

/**
 * What the steps say, piece by piece; a stream writes it down, a fold gathers it, and so they cannot disagree.
 * `raw` is a JSON string literal as wire text, quotes included, never empty.
 */
export interface ChatSink {
  /** First of all, once. */
  start(head: ChatHead): void;
  content(raw: string): void;
  reasoning(raw: string): void;
  refusal(raw: string): void;
  callHead(call: ToolCall): void;
  callArguments(call: ToolCall, raw: string): void;
  /** After everything that was said, at most once: a JSON array of chat's annotations, wire text, not empty. */
  annotations(list: string): void;
  /** Last of all, once. */
  finish(end: ChatEnd): void;
}
