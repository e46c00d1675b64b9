import { type Answer, stall } from '../simulator/answer';
import { text } from '../simulator/answers';
import { type Simulator } from '../simulator/simulator';
import { chatBody } from './calls';
import { testKey } from './gateway';

/** A stream of the gateway that has shown content and then waits for `simulator.release()`. */
export interface HeldStream {
  /** Everything the client heard, once the stream is over. Rejects when the connection breaks. */
  readonly rest: () => Promise<string>;
}

const words = 'One two three four five six seven eight';

/** An answer that shows content and then waits for `simulator.release()`. */
export function heldAnswer(): Answer {
  const answer = text(words);
  const asked = { host: 'codex', model: 'gpt-5.5', body: {}, headers: {}, metadataFrames: true, fixtures: '' } as const;
  const bytes = Buffer.concat(answer.steps(asked).flatMap((step) => (step.kind === 'write' ? [step.bytes] : [])));
  return stall(answer, bytes.indexOf('"four'));
}

/** From here on every answer of the simulator stops in the middle. */
export function holdAnswers(simulator: Simulator): void {
  simulator.script.always(heldAnswer());
}

/** Opens a chat stream and reads until there is content. `holdAnswers` must have been called. */
export async function openHeldStream(url: string, model = 'gpt-5.5'): Promise<HeldStream> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(chatBody({ stream: true, model })),
  });
  const body: ReadableStream<Uint8Array> = response.body ?? new ReadableStream<Uint8Array>();
  const reader = body.getReader();
  let heard = '';
  const more = async (): Promise<boolean> => {
    const { value } = await reader.read();
    if (value !== undefined) heard += Buffer.from(value).toString('utf8');
    return value !== undefined;
  };
  while (!heard.includes('One')) {
    if (!(await more())) throw new Error(`The stream ended without content: ${response.status} ${heard}`);
  }
  const rest = async (): Promise<string> => {
    while (await more());
    return heard;
  };
  return { rest };
}
