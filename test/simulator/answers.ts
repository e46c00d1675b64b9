import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, type WireEvent } from './answer';
import { type JsonObject } from './json';
import { eventStream, obfuscation, type ScriptedItem, type ScriptedUsage } from './wire-events';

/** Tokens that an answer reports unless told otherwise. */
export const usualUsage: ScriptedUsage = { input: 1200, cached: 1024, output: 24, reasoning: 0 };

/** What every scripted answer can vary. `usage: null` leaves the usage out. */
export interface AnswerOptions {
  readonly usage?: ScriptedUsage | null;
  /** The deltas, when the split matters; default one a word. */
  readonly deltas?: readonly string[];
  /** Silence before each delta, milliseconds. */
  readonly gapMs?: number;
}

/** A tool call to stream. Arguments are serialised unless they are text already. */
export interface ScriptedCall {
  readonly name: string;
  readonly args: JsonObject | string;
  readonly callId?: string;
  /** Only the finished item is sent, no deltas. */
  readonly doneOnly?: boolean;
  /** The namespace tool that the function belongs to. */
  readonly namespace?: string;
}

/** A message. */
export function text(words: string, options: AnswerOptions = {}): Answer {
  return completed([messageItem(words, options)], options);
}

/** A reasoning item with a summary and encrypted content, then a message. */
export function reasoningThenText(summary: string, words: string, options: AnswerOptions = {}): Answer {
  const usage = { ...usualUsage, output: usualUsage.output + 64, reasoning: 64 };
  return completed([reasoningItem(summary, options), messageItem(words, options)], { usage, ...options });
}

/** A reasoning item without a summary, then one function call. */
export function toolCall(
  name: string,
  args: JsonObject | string,
  options: Omit<ScriptedCall, 'name' | 'args'> = {},
): Answer {
  return parallelToolCalls([{ name, args, ...options }]);
}

/** Function calls side by side, after a reasoning item that shows no summary. */
export function parallelToolCalls(calls: readonly ScriptedCall[]): Answer {
  return completed([reasoningItem('', {}), ...calls.map(callItem)], {});
}

/** A commentary message before function calls, as models do. */
export function textThenToolCalls(words: string, calls: readonly ScriptedCall[], options: AnswerOptions = {}): Answer {
  return completed([messageItem(words, options), ...calls.map(callItem)], options);
}

/** A freeform tool call. */
export function customToolCall(name: string, input: string, namespace?: string): Answer {
  return completed([customItem(name, input, namespace)], {});
}

/** A message that is a refusal. */
export function refusal(words: string): Answer {
  return completed([messageItem(words, {}, 'refusal')], {});
}

/** A message whose text is this value as JSON. */
export function structured(value: unknown): Answer {
  return text(JSON.stringify(value));
}

/** So many small deltas, `gapMs` apart. */
export function deltas(count: number, gapMs = 0): Answer {
  const words = Array.from({ length: count }, (_, at) => `word${at} `);
  const usage = { ...usualUsage, output: count };
  return text(words.join(''), { deltas: words, gapMs, usage });
}

/** One compaction item, which the client replays instead of the history. */
export function compaction(encrypted = compactedBlob()): Answer {
  return completed([plainItem('cmp', { type: 'compaction', encrypted_content: encrypted })], {});
}

/** @returns opaque content such as a compaction carries. */
export function compactedBlob(): string {
  return `gAAAA${randomBytes(48).toString('base64url')}`;
}

/** A message that ends early: `max_output_tokens` or `content_filter`. */
export function incomplete(reason: string, words: string, options: AnswerOptions = {}): Answer {
  return eventStream([messageItem(words, options)], { kind: 'incomplete', reason, usage: usageFrom(options) });
}

/** A recorded `.sse` file, byte for byte, in one write; `drip` and the like can tear it. */
export function fixture(name: string): Answer {
  return {
    ...text(''),
    steps: ({ fixtures }) => [{ kind: 'write', bytes: readFileSync(join(fixtures, name)) }],
  };
}

/** `response.failed` after the handshake events, and after the words when there are some. */
export function failedEvent(code: string, message: string, words = ''): Answer {
  return eventStream(words === '' ? [] : [messageItem(words, {})], { kind: 'failed', code, message });
}

/** An `error` event after the handshake events: either `{code,message,param}` or `{error:{…}}` with a status. */
export function errorEvent(fields: JsonObject, words = ''): Answer {
  return eventStream(words === '' ? [] : [messageItem(words, {})], { kind: 'error', fields });
}

/** A stream that ends politely but without a terminal event. */
export function noTerminalEvent(words: string): Answer {
  return eventStream([messageItem(words, {})], { kind: 'none' });
}

function completed(items: readonly ScriptedItem[], options: AnswerOptions): Answer {
  return eventStream(items, { kind: 'completed', usage: usageFrom(options) });
}

function usageFrom({ usage }: AnswerOptions): ScriptedUsage | undefined {
  return usage === null ? undefined : (usage ?? usualUsage);
}

function messageItem(
  words: string,
  options: AnswerOptions,
  kind: 'output_text' | 'refusal' = 'output_text',
): ScriptedItem {
  const field = kind === 'refusal' ? 'refusal' : 'text';
  const part = (said: string): JsonObject =>
    kind === 'refusal' ? { type: kind, refusal: said } : { type: kind, annotations: [], logprobs: [], text: said };
  const message = (id: string, status: string, content: readonly JsonObject[]): JsonObject => ({
    id,
    type: 'message',
    status,
    content,
    role: 'assistant',
  });
  return {
    prefix: 'msg',
    added: (id) => message(id, 'in_progress', []),
    done: (id) => message(id, 'completed', [part(words)]),
    events: (id, index) => {
      const place = { item_id: id, output_index: index, content_index: 0 };
      return [
        { fields: { type: 'response.content_part.added', ...place, part: part('') } },
        ...(options.deltas ?? wordsOf(words)).map((delta) =>
          deltaEvent(`response.${kind}.delta`, place, delta, options),
        ),
        { fields: { type: `response.${kind}.done`, ...place, [field]: words } },
        { fields: { type: 'response.content_part.done', ...place, part: part(words) } },
      ];
    },
  };
}

function deltaEvent(type: string, place: JsonObject, delta: string, { gapMs }: AnswerOptions = {}): WireEvent {
  const fields = { type, ...place, delta, obfuscation: obfuscation() };
  return gapMs === undefined ? { fields } : { fields, gapMs };
}

function reasoningItem(summary: string, options: AnswerOptions): ScriptedItem {
  const parts = summary === '' ? [] : summary.split('\n\n');
  const encrypted = `gAAAA${randomBytes(32).toString('base64url')}`;
  const reasoning = (id: string, said: readonly string[]): JsonObject => ({
    id,
    type: 'reasoning',
    encrypted_content: encrypted,
    summary: said.map((each) => ({ type: 'summary_text', text: each })),
  });
  return {
    prefix: 'rs',
    added: (id) => reasoning(id, []),
    done: (id) => reasoning(id, parts),
    events: (id, index) =>
      parts.flatMap((part, at) => {
        const place = { item_id: id, output_index: index, summary_index: at };
        const said = { type: 'summary_text', text: part };
        return [
          { fields: { type: 'response.reasoning_summary_part.added', ...place, part: { ...said, text: '' } } },
          ...wordsOf(part).map((delta) =>
            deltaEvent('response.reasoning_summary_text.delta', place, delta, { ...options }),
          ),
          { fields: { type: 'response.reasoning_summary_text.done', ...place, text: part } },
          { fields: { type: 'response.reasoning_summary_part.done', ...place, part: said } },
        ];
      }),
  };
}

function callItem(call: ScriptedCall): ScriptedItem {
  const args = typeof call.args === 'string' ? call.args : JSON.stringify(call.args);
  const callId = call.callId ?? `call_${randomBytes(12).toString('hex')}`;
  const item = (id: string, status: string, said: string): JsonObject => ({
    id,
    type: 'function_call',
    status,
    arguments: said,
    call_id: callId,
    name: call.name,
    ...(call.namespace === undefined ? {} : { namespace: call.namespace }),
  });
  const middle = Math.ceil(args.length / 2);
  return {
    prefix: 'fc',
    added: (id) => item(id, 'in_progress', ''),
    done: (id) => item(id, 'completed', args),
    events: (id, index) => {
      if (call.doneOnly === true) return [];
      const place = { item_id: id, output_index: index };
      return [
        deltaEvent('response.function_call_arguments.delta', place, args.slice(0, middle)),
        deltaEvent('response.function_call_arguments.delta', place, args.slice(middle)),
        { fields: { type: 'response.function_call_arguments.done', ...place, arguments: args } },
      ];
    },
    ...(call.doneOnly === undefined ? {} : { doneOnly: call.doneOnly }),
  };
}

function customItem(name: string, input: string, namespace: string | undefined): ScriptedItem {
  const callId = `call_${randomBytes(12).toString('hex')}`;
  const item = (id: string, status: string, said: string): JsonObject => ({
    id,
    type: 'custom_tool_call',
    status,
    call_id: callId,
    name,
    input: said,
    ...(namespace === undefined ? {} : { namespace }),
  });
  return {
    prefix: 'ctc',
    added: (id) => item(id, 'in_progress', ''),
    done: (id) => item(id, 'completed', input),
    events: (id, index) => {
      const place = { item_id: id, output_index: index };
      return [
        deltaEvent('response.custom_tool_call_input.delta', place, input),
        { fields: { type: 'response.custom_tool_call_input.done', ...place, input } },
      ];
    },
  };
}

function plainItem(prefix: string, fields: JsonObject): ScriptedItem {
  return {
    prefix,
    added: (id) => ({ id, ...fields }),
    done: (id) => ({ id, ...fields }),
    events: () => [],
  };
}

function wordsOf(words: string): readonly string[] {
  return words.match(/\S+\s*|\s+/gu) ?? [];
}
