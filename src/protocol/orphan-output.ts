import { type InputItem } from './canonical/canonical-request';
import { shorten } from '../kernel/errors';
import { wholeCharacters } from './wire/wire-trim';

/** Ids of calls are a few dozen characters; whoever sends more gets the beginning back. */
const shownId = 100;

/**
 * A tool's result whose call is not in the conversation, as a user message that says so.
 *
 * The upstream refuses such a result outright; clients that trim their history send them all the time.
 */
export function orphanMessage(callId: string, output: unknown): InputItem {
  const preface = `Result of an earlier tool call (${shorten(wholeCharacters(callId, shownId))}) that is no longer part of this conversation:`;
  const text = (line: string): object => ({ type: 'input_text', text: line });
  const rest: readonly unknown[] = Array.isArray(output)
    ? (output as unknown[])
    : [text(typeof output === 'string' ? output : '')];
  return { type: 'message', role: 'user', content: [text(preface), ...rest] };
}
