import { type AnswerEvent } from './answer-event';

/** Events of an answer that carry nothing of its content: a failure that follows them can still be a plain HTTP status. */
const control: ReadonlySet<string> = new Set([
  'response.created',
  'response.in_progress',
  'response.queued',
  'keepalive',
  'response.completed',
  'response.done',
  'response.incomplete',
  'response.failed',
  'error',
]);

/** What content will come in, still empty: nobody has read anything, but the upstream is at work. */
const shells: ReadonlySet<string> = new Set([
  'response.output_item.added',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
]);

/** About the operator's account or the transport, never about the answer: dropped before an answer is forwarded. */
export function isOwnerOnly(type: string): boolean {
  return type.startsWith('codex.') || type.startsWith('responsesapi.') || type === 'response.metadata';
}

/** The answer itself has begun: from here on nothing may be retried. Unknown types count as content. */
export function isContent(type: string): boolean {
  return !control.has(type) && !shells.has(type) && !isOwnerOnly(type);
}

/** The answer is in the making; a failure that follows can still be made good elsewhere. */
export function isShell(type: string): boolean {
  return shells.has(type);
}

/**
 * A thought that ended without a word: nobody could have read anything of it. Looked for as in `wire/json-scan.ts`: the text
 * of a summary, or of the thought itself, is the one member of that name. An odd spacing makes content of it.
 */
export function isSilentThought({ type, data }: AnswerEvent): boolean {
  return type === 'response.output_item.done' && data.includes('"type":"reasoning"') && !data.includes('"text":"');
}

/** The types of ordinary answers, deltas first: they are nearly all of a stream. */
const common = [
  'response.output_text.delta',
  'response.function_call_arguments.delta',
  'response.custom_tool_call_input.delta',
  'response.reasoning_summary_text.delta',
  'response.reasoning_text.delta',
  'response.refusal.delta',
  'response.created',
  'response.in_progress',
  'response.output_item.added',
  'response.output_item.done',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_text.done',
  'response.function_call_arguments.done',
  'response.custom_tool_call_input.done',
  'response.reasoning_summary_part.added',
  'response.reasoning_summary_part.done',
  'response.reasoning_summary_text.done',
  'response.completed',
] as const;
const interned: ReadonlyMap<string, string> = new Map(common.map((type) => [type, type]));

/**
 * The same type as the string that code compares with, so that comparing hot types is comparing two pointers, and keeping
 * one keeps nothing else: a slice of a chunk keeps the whole chunk. @returns undefined for a type that is not common.
 */
export function internedType(type: string): string | undefined {
  return interned.get(type);
}
