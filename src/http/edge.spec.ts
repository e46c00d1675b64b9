import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { authorization, type EdgeDoor, json, listen, nextStream, secret } from '../../test/support/edge-doors';

let door: EdgeDoor;
beforeAll(async () => {
  door = await listen();
});
afterAll(() => door.close());

interface ErrorEnvelope {
  readonly error: { readonly message: string; readonly type: string; readonly code: string };
}
const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
  fetch(door.url + path, { method: 'POST', body, headers });
const errorOf = async (response: Response) => ((await response.json()) as ErrorEnvelope).error;

/** Sends bytes as they are and gives back what came until the server closed. */
async function raw(...parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(door.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  for (const part of parts) socket.write(part);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

describe('the edge', () => {
  it('gives every answer both ids, echoing only harmless ones', async () => {
    const harmless = await fetch(`${door.url}/open`, { headers: { 'x-litellm-call-id': 'trace-1.a' } });
    expect(harmless.headers.get('x-litellm-call-id')).toBe('trace-1.a');
    expect(harmless.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{16}-[0-9a-z]+$/);
    const odd = await fetch(`${door.url}/nowhere`, { headers: { 'x-request-id': 'a b' } });
    expect(odd.headers.get('x-litellm-call-id')).toBe(odd.headers.get('x-request-id'));
  });

  it('does not believe x-forwarded-for of strangers', async () => {
    const response = await fetch(`${door.url}/open`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(await response.json()).toEqual({ ip: '127.0.0.1' });
  });

  it('answers unknown routes and other spellings with 404 in the envelope', async () => {
    for (const path of ['/nowhere?key=sk-hidden-in-query', '/V1/echo', '/v1/echo/', '//v1/echo']) {
      const response = await post(path, '{}');
      expect(response.status).toBe(404);
      const error = await errorOf(response);
      expect(error).toMatchObject({ type: 'invalid_request_error', code: '404' });
      expect(error.message).not.toContain('hidden');
    }
  });

  it('answers a malformed path with 400', async () => {
    const answer = await raw('GET /%zz HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*x-request-id: req_[\s\S]*"error"/);
  });

  it.each([
    ['garbage', 'nonsense\r\n\r\n', 400],
    [
      'two framings at once',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['huge headers', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['headers that never end', 'GET / HTTP/1.1\r\nhost: a\r\n', 408],
  ])('answers %s in the envelope and closes', async (_case, bytes, status) => {
    const answer = await raw(bytes);
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain('connection: close');
    expect(answer).toContain('"error":{"message"');
  });

  it('answers a WebSocket upgrade with 426 at once, on any path, and closes', async () => {
    const upgrade = 'host: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n';
    for (const path of ['/v1/responses', '/nowhere']) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\n${upgrade}`);
      expect(answer).toMatch(/^HTTP\/1\.1 426 /);
      expect(answer.toLowerCase()).toContain('connection: close');
    }
  });

  it('serves a client that offers h2c over HTTP/1.1', async () => {
    const offer = 'connection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n';
    expect(await raw(`GET /open HTTP/1.1\r\nhost: a\r\n${offer}\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('never shows a bug', async () => {
    const response = await fetch(`${door.url}/v1/bug`, { headers: { authorization } });
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('leaks');
  });

  it('breaks a stream off that a bug has left open', async () => {
    const heard = fetch(`${door.url}/v1/broken-stream`, { headers: { authorization } }).then((answer) => answer.text());
    await expect(heard).rejects.toMatchObject({ name: 'TypeError' });
  });

  it('answers the native surface with machine codes', async () => {
    const response = await post('/backend-api/codex/fail', '{}');
    expect(response.status).toBe(503);
    expect((await errorOf(response)).code).toBe('server_is_overloaded');
  });
});

describe('keys', () => {
  it('asks for a key on every route that is not public, before the body', async () => {
    const response = await post('/v1/echo', 'not json', {});
    expect(response.status).toBe(401);
    expect((await errorOf(response)).message).toContain('No api key');
  });

  it('answers unknown, malformed and foreign keys alike', async () => {
    const wrong = [
      'Bearer sk-wrong-0123456789abcdef',
      'Bearer nonsense',
      'Basic abc',
      'Bearer eyJhbGciOiJub25lIn0.e30.x',
    ];
    const answers = wrong.map(async (value) => (await post('/v1/echo', '{}', { authorization: value })).text());
    expect(new Set(await Promise.all(answers)).size).toBe(1);
  });

  it('takes our key beside a ChatGPT login, and answers 403 to a CLI whose key is wrong there', async () => {
    const login = {
      authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.x',
      'chatgpt-account-id': 'acc',
      originator: 'codex_cli_rs',
    };
    const good = await post('/v1/echo', '{}', { ...login, 'content-type': 'application/json', 'x-api-key': secret });
    expect(good.status).toBe(201);
    expect((await post('/v1/echo', '{}', { ...login, 'x-api-key': 'sk-wrong' })).status).toBe(403);
  });

  it('refuses a large body without reading it, and the sender still gets the answer', async () => {
    const answer = await raw(
      'POST /v1/echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 3000000\r\n\r\n',
      Buffer.alloc(3_000_000, 32),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*connection: close/);
  });

  it.each([
    ['for its key, unread', 401, 'authorization: Bearer sk-nobody-has-this', '{}'],
    ['for its body', 400, `authorization: ${authorization}`, '{"a"'],
    ['of our own fault', 502, `authorization: ${authorization}`, '{}'],
  ])('keeps the connection when a request that came in one piece is refused %s', async (_why, status, who, body) => {
    const path = status === 502 ? '/backend-api/codex/fail' : '/v1/echo';
    const shown = status === 502 ? 503 : status;
    const head = `POST ${path} HTTP/1.1\r\nhost: a\r\n${who}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;
    const answers = await answersOf(
      `${head}\r\n${body}`,
      `${head}\r\n${body}`,
      `${head}connection: close\r\n\r\n${body}`,
    );
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual([shown, shown, shown].map(String));
    expect(answers.map((answer) => /^connection: (\S+)/im.exec(answer)?.[1])).toEqual([
      'keep-alive',
      'keep-alive',
      'close',
    ]);
    for (const answer of answers) expect(answer).toMatch(/\r\n\r\n\{"error":\{.*\}\}$/);
  });
});

/** Sends requests over one connection, each after the answer to the one before. */
async function answersOf(...requests: readonly string[]): Promise<readonly string[]> {
  const socket = connect(door.port, '127.0.0.1');
  const answers: string[] = [];
  for (const request of requests) {
    socket.write(request);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answers.push(chunk.toString());
    if (/^connection: close/im.test(chunk.toString())) break;
  }
  socket.destroy();
  return answers;
}

describe('readJsonBody', () => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(5_000_000, 32)));

  it('reads plain, gzip and marked bodies', async () => {
    for (const [body, headers] of [
      [Buffer.from('{"a":"ü"}'), {}],
      [gzipSync('{"a":"ü"}'), { 'content-encoding': 'gzip' }],
      [Buffer.from('\ufeff{"a":"ü"}'), { 'content-type': 'application/json; charset=utf-8' }],
    ] as const) {
      const response = await post('/v1/echo', new Uint8Array(body), { ...json, ...headers });
      expect(await response.json()).toEqual({ body: { a: 'ü' }, holder: 'master' });
    }
  });

  it('takes a body without a content type', async () => {
    const head = `POST /v1/echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: ${authorization}\r\n`;
    expect(await raw(`${head}content-length: 2\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 201 /);
    expect(await raw(`${head}\r\n`)).toContain('body is empty');
  });

  it.each([
    ['empty', '', {}, 400, 'body is empty'],
    ['not JSON', '{"secret":"hush",\n "x":hush}', {}, 400, 'line 2, column 6'],
    ['cut', '{"secret":"hush"', {}, 400, 'ends too early'],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 400, 'UTF-8'],
    ['too deep', '['.repeat(20) + ']'.repeat(20), {}, 400, 'nested'],
    ['of another type', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'application/json'],
    ['of an unreadable type', '{}', { 'content-type': 'nonsense' }, 415, 'content-type'],
    ['packed twice', '{}', { 'content-encoding': 'gzip, gzip' }, 415, 'content-encoding'],
    ['a bomb', bomb, { 'content-encoding': 'gzip' }, 413, '50000 bytes'],
    ['too large', ' '.repeat(60_000), {}, 413, '50000 bytes'],
  ] as const)('refuses a body that is %s, without repeating it', async (...[, body, headers, status, words]) => {
    const response = await post('/v1/echo', body, { ...json, ...headers });
    expect(response.status).toBe(status);
    const { message } = await errorOf(response);
    expect(message).toContain(words);
    expect(message).not.toContain('hush');
  });

  it('keeps the connection of a sender whose whole body was wrong', async () => {
    const head = `host: a\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n`;
    const answers = await raw(
      `POST /v1/echo HTTP/1.1\r\n${head}content-length: 5\r\n\r\n{"a":`,
      `GET /open HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
    );
    expect(answers).toMatch(/^HTTP\/1\.1 400 [\s\S]*HTTP\/1\.1 200 /);
  });

  it('stops a chunked body at the limit', async () => {
    const head = `POST /v1/echo HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ntransfer-encoding: chunked\r\n\r\n`;
    const answer = await raw(head, `10000\r\n${' '.repeat(0x10000)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('answers 408 to a sender that stops', async () => {
    const head = `POST /v1/echo HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-length: 9\r\n\r\n{"a`;
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 408 [\s\S]*request body did not arrive/);
  });
});

describe('doors for operators', () => {
  it('says that it is alive, as JSON', async () => {
    for (const path of ['/health/liveliness', '/health/liveness']) {
      const response = await fetch(door.url + path);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toBe("I'm alive!");
    }
    expect(await (await fetch(`${door.url}/health/readiness`)).json()).toMatchObject({
      status: 'healthy',
      db: 'Not connected',
    });
  });

  it('lists endpoints to holders of a key only', async () => {
    expect((await fetch(`${door.url}/health`)).status).toBe(401);
    const response = await fetch(`${door.url}/health`, { headers: { authorization } });
    expect(await response.json()).toMatchObject({ healthy_count: 1, unhealthy_count: 0 });
  });

  it('serves metrics under both spellings', async () => {
    for (const path of ['/metrics', '/metrics/']) {
      const response = await fetch(door.url + path, { redirect: 'error' });
      expect(response.headers.get('content-type')).toContain('text/plain');
      expect(await response.text()).toContain('process_cpu_seconds_total');
    }
  });
});

// Last: the listener does not come back from draining.
describe('draining', () => {
  it('refuses new work, keeps probes and metrics open, and ends when the last stream is done', async () => {
    const coming = nextStream();
    const running = fetch(`${door.url}/v1/stream`, { headers: { authorization } });
    const stream = await coming;
    stream.commit({});
    const body = (await running).text();
    expect(door.lifecycle.inFlight).toBe(1);
    expect((await fetch(`${door.url}/health/readiness`)).status).toBe(200);
    door.lifecycle.drain();
    const refused = await post('/v1/echo', '{}');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await fetch(`${door.url}/health/readiness`)).status).toBe(503);
    expect((await fetch(`${door.url}/health/liveliness`)).status).toBe(200);
    expect(await (await fetch(`${door.url}/metrics`)).text()).toMatch(/^litellm_in_flight_requests 1$/m);
    const drained = door.lifecycle.drained();
    stream.end('data: [DONE]\n\n');
    await drained;
    expect(await body).toContain('[DONE]');
  });
});
