import { request } from 'node:http';
import { liteHeader } from './ask-rules';
import { isJsonObject, type JsonObject, objectOf, parseJson } from './json';
import { type Simulator } from './simulator';

/** An answer read to its end, or as far as it came. */
export interface HeardAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  /** Error code of the connection (`ECONNRESET`, …); undefined when it ended politely. */
  readonly broken: string | undefined;
}

/** A request as the caller sends it. */
export interface SentRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Called with everything received so far after each chunk; lets a test break off or release. */
  readonly onBytes?: (received: Buffer, hangUp: () => void) => void;
}

/** Sends over a connection of its own. Never rejects once connected: what broke is part of the answer. */
export function call(
  url: string,
  { method = 'GET', headers = {}, body, onBytes }: SentRequest = {},
): Promise<HeardAnswer> {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    let heard: Pick<HeardAnswer, 'status' | 'headers'> = { status: 0, headers: {} };
    const outgoing = request(url, { method, headers, agent: false });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ ...heard, bytes, broken: error.code ?? error.message });
    });
    outgoing.on('response', (incoming) => {
      heard = { status: incoming.statusCode ?? 0, headers: incoming.headers as Record<string, string> };
      incoming.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        onBytes?.(bytes, () => outgoing.destroy());
      });
      incoming.on('error', (error: NodeJS.ErrnoException) => {
        resolve({ ...heard, bytes, broken: error.code ?? error.message });
      });
      incoming.on('end', () => {
        resolve({ ...heard, bytes, broken: undefined });
      });
    });
    outgoing.end(body);
  });
}

/** An ordinary request that the backend accepts as it is. */
export const ordinaryAsk: JsonObject = {
  model: 'gpt-5.5',
  instructions: 'Be brief.',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'say hi' }] }],
  store: false,
  stream: true,
};

/** A lite request that the backend accepts as it is; send it with `liteHeaders`. */
export const liteAsk: JsonObject = {
  model: 'gpt-6.1-sol',
  input: [
    { type: 'additional_tools', role: 'developer', tools: [] },
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be brief.' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'say hi' }] },
  ],
  reasoning: { effort: 'low', context: 'all_turns' },
  parallel_tool_calls: false,
  store: false,
  stream: true,
};

/** The header that goes with `liteAsk`. */
export const liteHeaders = { [liteHeader]: 'true' };

/** Headers of a fresh login, as the gateway should send them. */
export function loginHeaders(simulator: Simulator): Record<string, string> {
  const login = simulator.tokens.mint();
  return {
    authorization: `Bearer ${login.accessToken}`,
    'chatgpt-account-id': login.accountId,
    'content-type': 'application/json',
    version: '0.169.0',
  };
}

/** Posts to `/responses` of the Codex backend with a fresh login. */
export function ask(
  simulator: Simulator,
  body: JsonObject = ordinaryAsk,
  sent: Omit<SentRequest, 'method' | 'body'> = {},
): Promise<HeardAnswer> {
  return call(`${simulator.codexUrl}/responses`, {
    ...sent,
    method: 'POST',
    headers: { ...loginHeaders(simulator), ...sent.headers },
    body: JSON.stringify(body),
  });
}

/** @returns the parsed `data:` lines of an event stream. */
export function eventsIn(bytes: Buffer): readonly JsonObject[] {
  const lines = bytes.toString('utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('data: '))
    .map((line) => parseJson(line.slice(6)))
    .filter(isJsonObject);
}

/** @returns the text that the deltas of an event stream add up to. */
export function spokenIn(bytes: Buffer): string {
  return eventsIn(bytes)
    .filter((event) => event['type'] === 'response.output_text.delta')
    .map((event) => String(event['delta']))
    .join('');
}

/** @returns the finished items of an event stream, in the order in which they finished. */
export function itemsIn(bytes: Buffer): readonly JsonObject[] {
  return eventsIn(bytes)
    .filter((event) => event['type'] === 'response.output_item.done')
    .map((event) => objectOf(event['item']));
}

/** @returns the body as JSON. */
export function jsonIn(bytes: Buffer): JsonObject {
  return objectOf(parseJson(bytes.toString('utf8')));
}
