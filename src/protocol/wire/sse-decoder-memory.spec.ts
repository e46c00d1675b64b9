import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AnswerTracker } from '../canonical/answer-tracker';
import { SseDecoder } from './sse-decoder';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Small enough that its text is on the heap, where it can be measured. */
const chunkBytes = 512 * 1024;
const answers = 50;

/** One answer as a server keeps it between two chunks: its decoder, and who watches its events. */
function heldAfter(chunk: Buffer): readonly [SseDecoder, AnswerTracker] {
  const decoder = new SseDecoder();
  const tracker = new AnswerTracker({ nowMs: () => 1 });
  for (const event of decoder.push(chunk)) tracker.see(event);
  return [decoder, tracker];
}

describe('what is kept of a chunk that was decoded', () => {
  it.each([
    'response.completed',
    'response.output_text.delta',
    'response.output_item.done',
    'response.a_type_of_tomorrow',
    'response.a_type_of_tomorrow.delta',
  ])('is nothing, when its last event is %s', (type) => {
    const filler = `data: {"type":"response.output_text.done","text":"${'x'.repeat(chunkBytes)}"}\n\n`;
    const last = `data: {"type":"${type}","delta":"Hi","response":{"id":"resp_1","status":"completed"}}\n\n`;
    const chunk = Buffer.from(filler + last);
    const held = [heldAfter(chunk)];
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    while (held.length < answers) held.push(heldAfter(chunk));
    collectGarbage();
    const grown = process.memoryUsage().heapUsed - before;
    expect(held).toHaveLength(answers);
    expect(grown).toBeLessThan((answers / 5) * chunkBytes);
  });
});
