import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AnswerEvent } from '../../src/protocol/canonical/answer-event';
import { type ChatOptions } from '../../src/protocol/canonical/canonical-request';
import { SseDecoder } from '../../src/protocol/wire/sse-decoder';

const folder = join(__dirname, '..', 'fixtures', 'codex');

/** Names of the answers written to the backend's shapes. */
export const answerNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.startsWith('synthetic-') && file.endsWith('.sse'))
  .map((file) => file.slice('synthetic-'.length, -'.sse'.length))
  .sort();

/** Those that end well. */
export const wholeAnswerNames: readonly string[] = answerNames.filter(
  (name) => !name.startsWith('failed-') && name !== 'error-event' && name !== 'truncated-no-terminal',
);

/** Bytes of `synthetic-<name>.sse`. */
export function answerBytes(name: string): Buffer {
  return readFileSync(join(folder, `synthetic-${name}.sse`));
}

/** All events of a stream that arrives in the given pieces. */
export function decodeAll(...chunks: readonly Buffer[]): AnswerEvent[] {
  const decoder = new SseDecoder();
  const events: AnswerEvent[] = [];
  for (const chunk of chunks) events.push(...decoder.push(chunk));
  events.push(...decoder.end());
  return events;
}

/** Events of a fixture. */
export function answerEvents(name: string): AnswerEvent[] {
  return decodeAll(answerBytes(name));
}

/** One event from a plain object. */
export function event(json: Record<string, unknown> & { type: string }): AnswerEvent {
  return { type: json.type, data: Buffer.from(JSON.stringify(json)).toString('latin1') };
}

/** Wire text of a stream as a client reads it: names and parsed data; `[DONE]` stays a string. */
export function framesOf(wire: string): { name: string | undefined; json: unknown }[] {
  const text = Buffer.from(wire, 'latin1').toString('utf8');
  expect(text === '' || text.endsWith('\n\n')).toBe(true);
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const lines = frame.split('\n');
      const name = lines.find((line) => line.startsWith('event: '))?.slice(7);
      const data = lines.find((line) => line.startsWith('data: '))?.slice(6) ?? '';
      return { name, json: data === '[DONE]' ? data : (JSON.parse(data) as unknown) };
    });
}

/** Chat options of a plain request. */
export function chatOptions(change: Partial<ChatOptions> = {}): ChatOptions {
  return {
    includeUsage: true,
    stop: [],
    legacyFunctions: false,
    toolNames: new Map(),
    customTools: new Set(),
    ...change,
  };
}

/** Headers of one window of an account's plan, as far used as this; `seconds` until it starts anew. */
export function windowHeaders(
  slot: 'primary' | 'secondary',
  used: string,
  minutes: string,
  seconds: number,
): Record<string, string> {
  return {
    [`x-codex-${slot}-used-percent`]: used,
    [`x-codex-${slot}-window-minutes`]: minutes,
    [`x-codex-${slot}-reset-after-seconds`]: String(seconds),
  };
}
