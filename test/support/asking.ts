import type OpenAI from 'openai';
import { type APIError } from 'openai';
import { type SeenRequest } from '../simulator/journal';
import { type Simulator } from '../simulator/simulator';
import { type TestBench } from './gateway';
import { type Chunk, joinedChunks } from './joined-chat';

export type Json = Record<string, unknown>;

/** Whether the client asks for a stream or for one JSON answer. */
export type Way = 'streamed' | 'whole';

/** A model of the simulated catalog and how it is asked. */
export interface Asking {
  readonly model: string;
  readonly way: Way;
  readonly profile: 'ordinary' | 'lite';
}

export const ways: readonly Way[] = ['streamed', 'whole'];

/** Both profiles, both ways. */
export const askings: readonly Asking[] = ways.flatMap((way) => [
  { model: 'gpt-5.5', way, profile: 'ordinary' as const },
  { model: 'gpt-6.1-sol', way, profile: 'lite' as const },
]);

/** A chat question; how it is asked is said apart. */
export type ChatQuestion = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'stream'>;

/** A message with the field that this gateway adds. */
export type ChatMessage = OpenAI.ChatCompletionMessage & { readonly reasoning_content?: string };

/** A chat answer, put together when it was streamed. */
export interface ChatTold {
  readonly completion: OpenAI.ChatCompletion;
  readonly message: ChatMessage;
  readonly finishReason: string | undefined;
  readonly headers: Headers;
  /** None when it came whole. */
  readonly chunks: readonly Chunk[];
}

/** Asks through the SDK. Usage is asked for, unless the question says otherwise. */
export async function askChat(client: OpenAI, way: Way, question: ChatQuestion): Promise<ChatTold> {
  if (way === 'whole') {
    const { data, response } = await client.chat.completions.create({ ...question, stream: false }).withResponse();
    return toldBy(data, response.headers, []);
  }
  const { data, response } = await client.chat.completions
    .create({ stream_options: { include_usage: true }, ...question, stream: true })
    .withResponse();
  const chunks: Chunk[] = [];
  for await (const chunk of data) chunks.push(chunk as unknown as Chunk);
  return toldBy(joinedChunks(chunks) as unknown as OpenAI.ChatCompletion, response.headers, chunks);
}

function toldBy(completion: OpenAI.ChatCompletion, headers: Headers, chunks: readonly Chunk[]): ChatTold {
  const choice = completion.choices[0];
  if (choice === undefined) throw new Error('The answer has no choice.');
  return { completion, message: choice.message, finishReason: choice.finish_reason, headers, chunks };
}

/** A Responses question; how it is asked is said apart. */
export type ResponsesQuestion = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'>;

/** A Responses answer: of a stream the one that its last event carries. */
export interface ResponsesTold {
  /** Without the SDK's own `output_text`, which only whole answers get. */
  readonly response: OpenAI.Responses.Response;
  /** All of its messages' text. */
  readonly text: string;
  readonly headers: Headers;
  /** None when it came whole. */
  readonly events: readonly OpenAI.Responses.ResponseStreamEvent[];
}

/** Asks through the SDK. @throws {Error} when a stream does not end with a completed or incomplete answer. */
export async function askResponses(client: OpenAI, way: Way, question: ResponsesQuestion): Promise<ResponsesTold> {
  if (way === 'whole') {
    const { data, response } = await client.responses.create({ ...question, stream: false }).withResponse();
    return toldInEvents(data, response.headers, []);
  }
  const { data, response } = await client.responses.create({ ...question, stream: true }).withResponse();
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of data) events.push(event);
  const last = events.at(-1);
  if (last?.type === 'response.completed' || last?.type === 'response.incomplete') {
    return toldInEvents(last.response, response.headers, events);
  }
  throw new Error(`The stream ended with ${last?.type ?? 'nothing'}.`);
}

function toldInEvents(
  answer: OpenAI.Responses.Response,
  headers: Headers,
  events: ResponsesTold['events'],
): ResponsesTold {
  const parts = answer.output.flatMap((item) => (item.type === 'message' ? item.content : []));
  const text = parts.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
  const response: Partial<OpenAI.Responses.Response> = { ...answer };
  delete response.output_text;
  return { response: response as OpenAI.Responses.Response, text, headers, events };
}

/** The output of an answer as the next question replays it; the SDK's types of the two differ in what may be null. */
export function replayed({ response }: ResponsesTold): readonly OpenAI.Responses.ResponseInputItem[] {
  return response.output as OpenAI.Responses.ResponseInputItem[];
}

/** The last question that reached the simulator, whichever host it went to. */
export function lastAsked(simulator: Simulator): SeenRequest & { readonly body: Json } {
  const seen = simulator.seen.findLast(({ method, path }) => method === 'POST' && path.endsWith('/responses'));
  if (seen === undefined) throw new Error('No question has reached the simulator.');
  return { ...seen, body: seen.body as Json };
}

/** Input items of the last question, without what the lite profile puts first: tools and the official prompt. */
export function lastInput(simulator: Simulator): readonly Json[] {
  const { body } = lastAsked(simulator);
  const input = body['input'] as readonly Json[];
  if (body['instructions'] !== undefined) return input;
  return input.slice(input[0]?.['type'] === 'additional_tools' ? 2 : 1);
}

/** Tools of the last question, wherever its profile puts them. */
export function lastTools(simulator: Simulator): unknown {
  const { body } = lastAsked(simulator);
  const [first] = body['input'] as readonly Json[];
  return first?.['type'] === 'additional_tools' ? first['tools'] : body['tools'];
}

/** What the SDK throws for this call. @throws {Error} when it succeeds. */
export async function refusalOf(call: Promise<unknown>): Promise<APIError> {
  const outcome: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome === undefined) throw new Error('The call was expected to fail and did not.');
  return outcome as APIError;
}

/** Posts JSON and reads the answer's text: for what an SDK hides. */
export async function postText(
  bench: TestBench,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${bench.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}
