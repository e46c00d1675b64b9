import { type ReadAnswer, chatBody } from './calls';

/** A door of the gateway by name and path, with a question to the group `team`. */
export type Door = readonly [name: string, path: string, body: Record<string, unknown>];

/** Both dialects, whole and streamed. */
export const dialectDoors: readonly Door[] = [
  ['chat, whole', '/v1/chat/completions', chatBody({ model: 'team' })],
  ['chat, streamed', '/v1/chat/completions', chatBody({ model: 'team', stream: true })],
  ['responses, whole', '/v1/responses', { model: 'team', input: 'Hi' }],
  ['responses, streamed', '/v1/responses', { model: 'team', input: 'Hi', stream: true }],
];

/** Words of a failure, in whichever dialect; an answer that succeeded has none of them. */
const failureWords = /"error":\{|response\.failed|event: error/;
const goodEnds = /all is well|"finish_reason":"stop"[^]*data: \[DONE\]/;

/** An answer that came to its good end, with nothing of what went wrong before it. */
export function expectGoodEnd({ text }: ReadAnswer): void {
  expect(text).toMatch(goodEnds);
  expect(text).not.toMatch(failureWords);
}
