import { gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { chatBody, type ErrorEnvelope, overSocket, post, type ReadAnswer, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const chat = '/v1/chat/completions';
const json = { 'content-type': 'application/json' };
const mebibyte = 1024 * 1024;

let bench: TestBench;

beforeAll(async () => {
  await init();
  bench = await startBench({ times: { requestBodyMs: 5_000, requestHeadersMs: 300 } });
});

/** Whatever was thrown at the process, it answers the next client. */
afterEach(async () => {
  const next = await post(bench, chat, chatBody());
  expect(next.status).toBe(200);
});

afterAll(async () => {
  await bench.close();
});

function expectRefusal(answer: ReadAnswer, status: number, part: Partial<ErrorEnvelope['error']> = {}): void {
  expect({ status: answer.status, body: answer.json }).toEqual({
    status,
    body: {
      error: expect.objectContaining({
        message: expect.stringMatching(/\S/) as string,
        type: 'invalid_request_error',
        param: null,
        code: String(status),
        ...part,
      }) as unknown,
    },
  });
  expect(answer.headers.get('x-request-id')).toMatch(/\S/);
  expect(answer.headers.get('x-litellm-call-id')).toMatch(/\S/);
}

const raw = (
  body: string | Buffer<ArrayBuffer> | undefined,
  headers: Record<string, string> = {},
): Promise<ReadAnswer> =>
  send(bench, chat, { method: 'POST', headers: { ...json, ...headers }, ...(body === undefined ? {} : { body }) });

describe('keys', () => {
  it('are demanded: without one the answer is 401 and nothing goes upstream', async () => {
    const before = bench.simulator.counts.responses;
    const answer = await post(bench, chat, chatBody(), { authorization: '' });
    expectRefusal(answer, 401, { type: 'auth_error' });
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(bench.simulator.counts.responses).toBe(before);
  });

  it('that are wrong all get the same words, whatever is wrong with them', async () => {
    const wrong = [
      'Bearer sk-unknown-key-0123456789',
      'Bearer nonsense',
      'Bearer eyJhbGciOi.x.y',
      `Bearer ${'k'.repeat(600)}`,
    ];
    const answers = await Promise.all(wrong.map((authorization) => post(bench, chat, chatBody(), { authorization })));
    for (const answer of answers) expectRefusal(answer, 401, { type: 'auth_error' });
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.text).not.toContain('unknown-key');
  });

  it('are checked before the body is read', async () => {
    const answer = await raw('{"broken', { authorization: 'Bearer sk-wrong-0123456789' });
    expectRefusal(answer, 401, { type: 'auth_error' });
  });
});

describe('bodies', () => {
  it('that are missing or broken are a 400 that says where', async () => {
    expectRefusal(await raw(undefined), 400);
    const torn = await raw('{"model": "gpt-5.5",\n "messages": [}');
    expectRefusal(torn, 400, { message: expect.stringContaining('line 2') as string });
    expectRefusal(await raw('[]'), 400, { param: 'body' });
    expectRefusal(await raw(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), 400);
  });

  it('over the limit are a 413 in bounded time', async () => {
    const started = performance.now();
    const answer = await raw(Buffer.alloc(33 * mebibyte, 0x20));
    expectRefusal(answer, 413);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each([
    ['gzip', (bytes: Buffer): Buffer<ArrayBuffer> => gzipSync(bytes)],
    ['zstd', (bytes: Buffer): Buffer<ArrayBuffer> => Buffer.from(compress(bytes, 3))],
  ])('that are a %s bomb are a 413, and honest ones are read', async (encoding, pack) => {
    const bomb = pack(Buffer.alloc(64 * mebibyte, 0x20));
    expect(bomb.length).toBeLessThan(mebibyte);
    expectRefusal(await raw(bomb, { 'content-encoding': encoding }), 413);
    const honest = await raw(pack(Buffer.from(JSON.stringify(chatBody()))), { 'content-encoding': encoding });
    expect(honest.status).toBe(200);
  });

  it('of other encodings or types are a 415', async () => {
    expectRefusal(await raw('x', { 'content-encoding': 'br' }), 415);
    expectRefusal(await raw('model=gpt-5.5', { 'content-type': 'application/x-www-form-urlencoded' }), 415);
    expectRefusal(await raw('<a/>', { 'content-type': 'text/xml' }), 415);
  });

  it('of ten thousand fields at once is told the limit', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`x${at}`, 1]));
    const { status, text } = await post(bench, '/v1/chat/completions', chatBody(many));
    expect([status, text]).toEqual([400, expect.stringContaining('more than 10000 fields')]);
  });

  it('nested ten thousand levels deep are a 400', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    expectRefusal(await raw(`{"model":"gpt-5.5","messages":${deep}}`), 400);
    expectRefusal(await raw(deep), 400);
  });

  it('with __proto__ and constructor keys change no object of ours', async () => {
    const poison = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},';
    const answer = await raw(
      `${poison}"model":"gpt-5.5","messages":[{"role":"user","content":"Hi","__proto__":{"polluted":1}}]}`,
    );
    expect([200, 400]).toContain(answer.status);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    const seen = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    expect(JSON.stringify(seen?.body)).not.toContain('polluted');
  });

  it('that arrive too slowly are a 408', async () => {
    const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bench.key}\r\ncontent-type: application/json\r\n`;
    const heard = await overSocket(bench.url, `${head}content-length: 500\r\n\r\n{"model":`);
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
    expect(heard).toContain('"code":"408"');
  });

  it('announced in two lengths, or in a length and in chunks, close the connection with a 400', async () => {
    const head = `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bench.key}\r\n`;
    const smuggled = 'GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n';
    const tries = [
      `${head}content-length: 5\r\ncontent-length: 6\r\n\r\n{"a":1}`,
      `${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
      `${head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
      `GET /v1/models HTTP/1.1\nhost: x\n\n\u0000`,
    ];
    for (const bytes of tries) {
      const heard = await overSocket(bench.url, bytes);
      expect(heard).toMatch(/^HTTP\/1\.1 400 /);
      expect(heard.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
      expect(heard).toContain('"type":"invalid_request_error"');
    }
  });

  it('are not waited for when the headers never end', async () => {
    const heard = await overSocket(bench.url, 'GET /v1/models HTTP/1.1\r\nhost: x\r\nx-slow: ');
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('with headers beyond the limit get a 431', async () => {
    const heard = await overSocket(
      bench.url,
      `GET /v1/models HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(heard).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('questions', () => {
  it('for an unknown model are a 404 that names the field', async () => {
    const before = bench.simulator.counts.responses;
    const answer = await post(bench, chat, chatBody({ model: 'gpt-0-nowhere' }));
    expectRefusal(answer, 404, { param: 'model' });
    expect(bench.simulator.counts.responses).toBe(before);
  });

  it('without model, messages or input are a 400 that names the field', async () => {
    expectRefusal(await post(bench, chat, { messages: [] }), 400, { param: 'model' });
    expectRefusal(await post(bench, chat, { model: 'gpt-5.5' }), 400, { param: 'messages' });
    expectRefusal(await post(bench, '/v1/responses', { model: 'gpt-5.5' }), 400, { param: 'input' });
  });

  it('with an image over 20 MiB are a 400, although the body is below the limit', async () => {
    const url = `data:image/png;base64,${Buffer.alloc(21 * mebibyte).toString('base64')}`;
    const answer = await post(
      bench,
      chat,
      chatBody({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }),
    );
    expectRefusal(answer, 400, { param: expect.stringMatching(/^messages/) as string });
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }];
    const other = await post(bench, '/v1/responses', { model: 'gpt-5.5', input });
    expectRefusal(other, 400, { param: expect.stringMatching(/^input/) as string });
  });

  it('with a tool result whose call is not there are answered', async () => {
    const messages = [
      { role: 'user', content: 'Go on.' },
      { role: 'tool', tool_call_id: 'call_lost', content: 'It rained.' },
    ];
    expect((await post(bench, chat, chatBody({ messages }))).status).toBe(200);
    const input = [{ type: 'function_call_output', call_id: 'call_lost', output: 'It rained.' }];
    expect((await post(bench, '/v1/responses', { model: 'gpt-5.5', input })).status).toBe(200);
  });

  it('with what the backend cannot store are refused, never cut short silently', async () => {
    const answer = await post(bench, '/v1/responses', {
      model: 'gpt-5.5',
      input: 'Hi',
      previous_response_id: 'resp_1',
    });
    expectRefusal(answer, 400, { param: 'previous_response_id' });
  });
});

describe('paths', () => {
  it('that are unknown are a 404 in the envelope, with a key and without', async () => {
    for (const path of ['/nothing', '/v1/nothing', '/v1/chat/completions/extra']) {
      expectRefusal(await post(bench, path, {}), 404);
      expectRefusal(await post(bench, path, {}, { authorization: '' }), 404);
    }
  });

  it('spelled otherwise, or asked by other methods, never answer 2xx without a key', async () => {
    const paths = [
      '//v1/models',
      '/v1//models',
      '/v1/models/',
      '/V1/models',
      '/v1/models%2f',
      '/v1/./models',
      '/%76%31/models',
      '/v1/models',
      chat,
      '/v1/models;x',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE']) {
        const { status } = await send(bench, path, { method, headers: { authorization: '' } });
        expect({ path, method, refused: status >= 400 && status < 500 }).toEqual({ path, method, refused: true });
      }
    }
  });

  it('that cannot be decoded are a 400', async () => {
    expectRefusal(await send(bench, '/v1/models/%E0%A4%A'), 400);
  });

  it('asked to become a WebSocket are a 426 on every responses route', async () => {
    for (const path of ['/v1/responses', '/responses', '/backend-api/codex/responses']) {
      const heard = await overSocket(
        bench.url,
        `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bench.key}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
          'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
      );
      expect(heard).toMatch(/^HTTP\/1\.1 426 /);
    }
  });
});

describe('drop_params: false', () => {
  let strict: TestBench;
  beforeAll(async () => {
    strict = await startBench({ config: 'litellm_settings:\n  drop_params: false\n' });
  });
  afterAll(async () => {
    await strict.close();
  });

  it('refuses a parameter the backend does not take, and drops it otherwise', async () => {
    const refused = await post(strict, chat, chatBody({ temperature: 0.5 }));
    expectRefusal(refused, 400, { param: 'temperature' });
    expect(strict.simulator.counts.responses).toBe(0);
    const dropped = await post(bench, chat, chatBody({ temperature: 0.5, max_tokens: 5 }));
    expect(dropped.status).toBe(200);
    expect(dropped.headers.get('x-codex-gateway-dropped-params')).toBe('max_tokens,temperature');
  });
});
