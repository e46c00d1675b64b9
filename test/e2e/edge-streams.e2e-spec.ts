import { once } from 'node:events';
import { connect } from 'node:net';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { eventually } from '../support/login-gateways';
import { type Answer, cutAfterBytes, delayed, drip, held, stall } from '../simulator/answer';
import { deltas, text } from '../simulator/answers';
import { faults } from '../simulator/faults';

const half = 'Half of an answer that never comes to its end, because the line breaks';
const chat = '/v1/chat/completions';
const responsesBody = { model: 'gpt-5.5', input: 'Hi' };
const nativeBody = {
  ...responsesBody,
  instructions: 'Be short.',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  store: false,
  stream: true,
};
const cli = { originator: 'codex_exec' };

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench({
    times: {
      idleMs: 3_000,
      firstEventMs: 5_000,
      firstByteHoldMs: 150,
      keepAliveMs: 60,
      cliKeepAliveMs: 60,
      clientGoneDrainMs: 200,
    },
  });
});
afterEach(async () => {
  bench.simulator.script.clear();
  bench.simulator.release();
  // Whatever broke, the next answer is whole.
  const next = await post(bench, chat, chatBody());
  expect(next.status).toBe(200);
});
afterAll(async () => {
  await bench.close();
});

/** The bytes up to the middle of the words: handshake events and some content. */
function bytesToTheMiddle(answer: Answer): number {
  const asked = { host: 'codex', model: 'gpt-5.5', body: {}, headers: {}, metadataFrames: true, fixtures: '' } as const;
  const all = Buffer.concat(answer.steps(asked).flatMap((step) => (step.kind === 'write' ? [step.bytes] : [])));
  return all.indexOf('never');
}

describe('a failure that comes after the headers and before the answer', () => {
  it('is heard by the helper of the SDK, which wants every answer to begin', async () => {
    bench.simulator.script.next(delayed(faults.contextLength400, 450));
    const told = await bench.client.responses.stream(responsesBody).finalResponse();
    expect(told).toMatchObject({ status: 'failed', error: { code: 'context_length_exceeded' }, model: 'gpt-5.5' });
  });
});

describe('an upstream that breaks in the middle', () => {
  const whole = text(half);
  const middle = bytesToTheMiddle(whole);
  const breaks: readonly (readonly [string, Answer, number])[] = [
    ['ends without its last event', faults.noTerminalEvent, 502],
    ['fails after some text', faults.failedAfterText, 502],
    ['hangs up', cutAfterBytes(whole, middle), 502],
    ['is reset', cutAfterBytes(whole, middle, 'reset'), 502],
    ['falls silent', stall(whole, middle), 504],
  ];

  it.each(breaks)('and %s is an error in the dialect of each stream, never a success', async (_, answer) => {
    bench.simulator.script.always(answer);
    const before = bench.simulator.counts.responses;
    const [inChat, inResponses, native, fromCli] = await Promise.all([
      post(bench, chat, chatBody({ stream: true })),
      post(bench, '/v1/responses', { ...responsesBody, stream: true }),
      post(bench, '/backend-api/codex/responses', nativeBody),
      post(bench, '/v1/responses', { ...responsesBody, stream: true }, cli),
    ]);
    // Nothing is tried again once content was shown.
    expect(bench.simulator.counts.responses - before).toBe(4);
    expectBrokenChat(inChat);
    for (const answered of [inResponses, native, fromCli]) expectBrokenResponses(answered);
  });

  it.each(breaks)('and %s is an HTTP error to who asked for one JSON body', async (_, answer, status) => {
    bench.simulator.script.always(answer);
    const answers = await Promise.all([post(bench, chat, chatBody()), post(bench, '/v1/responses', responsesBody)]);
    for (const { status: told, json } of answers) {
      expect(told).toBe(status);
      expect(json).toMatchObject({ error: { code: String(status), message: expect.stringMatching(/\S/) as string } });
    }
  });
});

function framesOf({ text: body }: ReadAnswer): readonly string[] {
  return body.split('\n\n').flatMap((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? []);
}

function expectBrokenChat(answer: ReadAnswer): void {
  expect(answer.status).toBe(200);
  const frames = framesOf(answer);
  expect(answer.text).toMatch(/"content":"(Half|This)/);
  expect(answer.text).not.toMatch(/"finish_reason":"(stop|length)"/);
  const errors = frames.filter((frame) => frame.startsWith('{"error"'));
  expect(errors).toHaveLength(1);
  expect(JSON.parse(errors[0] ?? '')).toMatchObject({
    error: { message: expect.stringMatching(/\S/) as string, type: expect.any(String) as string },
  });
}

function expectBrokenResponses(answer: ReadAnswer): void {
  expect(answer.status).toBe(200);
  const types = framesOf(answer).map((frame) => (JSON.parse(frame) as { type: string }).type);
  expect(types).toContain('response.output_text.delta');
  expect(types).not.toContain('response.completed');
  expect(types.filter((type) => type === 'response.failed' || type === 'error')).toHaveLength(1);
  expect(types.at(-1)).toMatch(/^(response\.failed|error)$/);
}

describe('a slow upstream', () => {
  it('that drips torn frames and characters is read whole', async () => {
    bench.simulator.script.always(drip(text('Grüße aus Köln 🙂 — fertig'), 23, 0));
    const [plain, streamed] = await Promise.all([
      post(bench, chat, chatBody()),
      post(bench, '/v1/responses', { ...responsesBody, stream: true }),
    ]);
    expect(plain.json).toMatchObject({ choices: [{ message: { content: 'Grüße aus Köln 🙂 — fertig' } }] });
    expect(framesOf(streamed).at(-1)).toContain('Grüße aus Köln 🙂 — fertig');
  });

  it('is held a moment, then the client gets headers and keep-alives, and a late failure in-band', async () => {
    bench.simulator.script.always(held(faults.contextLength400));
    const asked = [
      { path: chat, body: chatBody({ stream: true }), headers: {}, sign: ': keep-alive' },
      {
        path: '/v1/responses',
        body: { ...responsesBody, stream: true },
        headers: cli,
        sign: 'data: {"type":"codex.keepalive"}',
      },
    ];
    for (const { path, body, headers, sign } of asked) {
      const response = await fetch(`${bench.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(200);
      const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
      let heard = '';
      while (!heard.includes(sign)) heard += await nextText(reader);
      bench.simulator.release();
      for (let more = await nextText(reader); more !== ''; more = await nextText(reader)) heard += more;
      expect(heard).toContain('context_length_exceeded');
      expect(heard).not.toContain('response.completed');
    }
  });
});

describe('headers that leave before an answer', () => {
  // The first call of a process is slow to be let in; what it is about must be known when the hold is over.
  beforeAll(() => post(bench, chat, chatBody()));

  /** Asks for a stream and lets the upstream speak only once the client has headers. */
  async function early(answer: Answer, body: Record<string, unknown>): Promise<ReadAnswer['headers']> {
    bench.simulator.script.next(answer);
    const {
      status,
      headers,
      body: stream,
    } = await fetch(`${bench.url}${chat}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody({ stream: true, ...body })),
    });
    expect([status, headers.get('x-litellm-model-id')]).toEqual([200, null]);
    await eventually('the upstream is asked', () => Promise.resolve(bench.simulator.held > 0));
    bench.simulator.release();
    expect(await new Response(stream).text()).toContain('late');
    return headers;
  }

  it('say what the backend refuses whatever the model, and what nobody takes', async () => {
    const headers = await early(held(text('late')), { temperature: 1, store: true, top_k: 3 });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('store,temperature,top_k');
  });

  it('say what the model does not take, and that it is another one, once the backend has taken the request', async () => {
    const headers = await early(stall(text('late'), 0), { model: 'gpt-5-codex', service_tier: 'flex', store: true });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('service_tier,store');
    expect(headers.get('x-codex-gateway-model-remapped')).toMatch(/^gpt-5-codex -> gpt-/);
  });
});

async function nextText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return value === undefined ? '' : Buffer.from(value).toString('utf8');
}

describe('a client that hangs up', () => {
  it.each([
    ['a stream', chat, chatBody({ stream: true })],
    ['a JSON answer', chat, chatBody()],
    ['a native stream', '/backend-api/codex/responses', nativeBody],
  ])('while it waits for %s has its upstream call cancelled', async (_, path, body) => {
    bench.simulator.script.always(stall(text(half), bytesToTheMiddle(text(half))));
    const before = bench.simulator.seen.length;
    const gone = new AbortController();
    const answer = fetch(`${bench.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: gone.signal,
    }).then((response) => response.text());
    const refused = expect(answer).rejects.toThrow();
    const seen = await bench.simulator.waitForRequest(
      (request) => request.path.endsWith('/responses') && !bench.simulator.seen.slice(0, before).includes(request),
    );
    gone.abort();
    await refused;
    expect(await seen.ended).toBe('cancelled');
  });
});

describe('a client that reads slowly', () => {
  it('holds the upstream back instead of filling our memory', async () => {
    const piece = 'x'.repeat(256 * 1024);
    const pieces = 400;
    bench.simulator.script.always(text('', { deltas: Array<string>(pieces).fill(piece) }));
    const { hostname, port } = new URL(bench.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const body = JSON.stringify(chatBody({ stream: true }));
    const before = bench.simulator.seen.length;
    socket.write(
      `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bench.key}\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
    await once(socket, 'readable');
    const seen = bench.simulator.seen.slice(before).find(({ path }) => path.endsWith('/responses'));
    // Longer than the whole upstream answer takes when nothing holds it back.
    const winner = await Promise.race([seen?.ended, new Promise((resolve) => setTimeout(resolve, 2_000, 'held back'))]);
    expect(winner).toBe('held back');
    let read = 0;
    let tail = '';
    const over = new Promise<void>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        read += chunk.length;
        tail = (tail + chunk.toString('latin1')).slice(-40);
        if (tail.includes('[DONE]')) resolve();
      });
    });
    socket.resume();
    await over;
    socket.destroy();
    expect(read).toBeGreaterThan(piece.length * pieces);
    expect(await seen?.ended).toBe('answered');
  });

  it('leaves a fast reader beside it alone', async () => {
    bench.simulator.script.always(deltas(2_000));
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(bench, chat, chatBody({ stream: true }))));
    for (const answer of answers) expect(answer.text).toContain('word1999');
  });
});
