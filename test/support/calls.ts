import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestBench } from './gateway';

/** An answer read to its end. */
export interface ReadAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined when the text is not JSON. */
  readonly json: unknown;
}

/** The envelope of every error. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

/** What `fetch` takes, its headers as names and values. */
export type SentRequest = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> };

/** Sends anything to the gateway, with its key unless the headers carry another `authorization` (or an empty one: none). */
export async function send(
  bench: Pick<TestBench, 'url' | 'key'>,
  path: string,
  init: SentRequest = {},
): Promise<ReadAnswer> {
  const headers: Record<string, string> = { authorization: `Bearer ${bench.key}`, ...init.headers };
  if (headers['authorization'] === '') delete headers['authorization'];
  const response = await fetch(`${bench.url}${path}`, { ...init, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: jsonOf(text) };
}

/** POSTs a value as JSON. */
export function post(
  bench: Pick<TestBench, 'url' | 'key'>,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ReadAnswer> {
  return send(bench, path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Writes bytes to the gateway's port and reads until it closes. @returns everything it said. */
export async function overSocket(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk));
  // A peer that closes while we still write resets the connection; what it said before counts.
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return heard;
}

/** One question for the chat door. */
export const chatBody = (extra: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  model: 'gpt-5.5',
  messages: [{ role: 'user', content: 'Hello?' }],
  ...extra,
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
