import { once } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { chatBody, type ErrorEnvelope, overSocket, post, type ReadAnswer, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const chat = '/v1/chat/completions';
const native = '/backend-api/codex/responses';
const json = { 'content-type': 'application/json' };
const question = '"model":"gpt-5.5","messages":[{"role":"user","content":"x"}]';

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench();
});

/** Whatever was thrown at the process, it answers the next client. */
afterEach(async () => {
  expect((await post(bench, chat, chatBody())).status).toBe(200);
});

afterAll(async () => {
  await bench.close();
});

const raw = (path: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  send(bench, path, { method: 'POST', headers: { ...json, ...headers }, body });

const errorOf = ({ json: body }: ReadAnswer) => (body as ErrorEnvelope).error;
const head = (path: string) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bench.key}\r\ncontent-type: application/json\r\n`;

describe('a body that would cost far more to read than to send', () => {
  it.each([
    ['31 million levels', () => '['.repeat(31_000_000), 'deeper than 64 levels'],
    ['10 million empty lists and a fault', () => `[${'[],'.repeat(10_000_000)}x`, 'more than 500000 values'],
    ['2 million keys', () => manyKeys(2_000_000), 'more than 500000 values'],
  ])('is refused on both surfaces before it is parsed: %s', async (_case, make, words) => {
    const body = make();
    for (const path of [chat, native]) {
      const parse = jest.spyOn(JSON, 'parse');
      const answer = await raw(path, body);
      const parsed = parse.mock.calls.map(([text]) => text.length);
      parse.mockRestore();
      expect(answer.status).toBe(400);
      expect(errorOf(answer).message).toContain(words);
      expect(Math.max(0, ...parsed)).toBeLessThan(1_000_000);
    }
  });

  it('is not searched for its fault when it is large', async () => {
    const long = `{${question},"user":"${'x'.repeat(1_100_000)}"`;
    expect(errorOf(await raw(chat, long)).message).toBe('The request body is not valid JSON.');
    const short = `{${question},"user":"${'x'.repeat(900_000)}"`;
    expect(errorOf(await raw(chat, short)).message).toContain('ends too early');
  });

  it('is read when only its texts are long and full of commas and brackets', async () => {
    const content = '[{,"\\'.repeat(700_000);
    expect((await post(bench, chat, chatBody({ messages: [{ role: 'user', content }] }))).status).toBe(200);
  });

  it('is held in about its own size when it comes in chunks of one byte', async () => {
    const { hostname, port } = new URL(bench.url);
    const socket = connect(Number(port), hostname).resume();
    await once(socket, 'connect');
    socket.write(`${head(chat)}transfer-encoding: chunked\r\n\r\n`);
    const block = Buffer.from('1\r\n \r\n'.repeat(100_000));
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let sent = 0; sent < 1_200_000; sent += 100_000) {
      await new Promise<void>((resolve, reject) => {
        socket.write(block, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    }
    collectGarbage();
    const grown = process.memoryUsage().heapUsed - before;
    socket.destroy();
    expect(grown).toBeLessThan(60_000_000);
  });

  it('is read whole from chunks of one byte', async () => {
    const body = `{${question}}`;
    const chunks = body.replace(/./g, (character) => `1\r\n${character}\r\n`);
    const heard = await overSocket(
      bench.url,
      `${head(chat)}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a request that says two things', () => {
  it('is not routed by one model and forwarded with another', async () => {
    const before = bench.simulator.counts.responses;
    const input = '"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}]';
    for (const second of ['"model"', '"mod\\u0065l"']) {
      const answer = await raw(native, `{"model":"gpt-5.5-pro",${second}:"gpt-5.5",${input},"stream":true}`);
      expect(answer.status).toBe(400);
      expect(errorOf(answer)).toMatchObject({ code: 'duplicate_key', param: 'model' });
    }
    expect(bench.simulator.counts.responses).toBe(before);
  });
});

it('a byte order mark of a native request is not forwarded', async () => {
  const body =
    '{"model":"gpt-5.5","instructions":"x","store":false,"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}],"stream":true}';
  expect((await raw(native, `\ufeff${body}`)).status).toBe(200);
  const seen = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
  expect(seen?.rawBody.toString()).toBe(body);
});

describe('a connection', () => {
  it('on which nothing is ever said is closed', async () => {
    const brief = await startBench({ times: { requestHeadersMs: 300 } });
    const heard = await overSocket(brief.url, '');
    await brief.close();
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('a request without a host header', () => {
  it('gets a 400 in the envelope, which names the request', async () => {
    const heard = await overSocket(bench.url, 'GET /health/liveliness HTTP/1.1\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 400 [\s\S]*x-request-id: req_[\s\S]*connection: close[\s\S]*"code":"400"/i);
    expect(heard).toMatch(/x-litellm-call-id: req_/i);
  });

  it('is served over HTTP/1.0, which has none', async () => {
    const heard = await overSocket(bench.url, 'GET /health/liveliness HTTP/1.0\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('an expectation', () => {
  it('that is unknown gets a 417 in the envelope, with and without a key', async () => {
    const body = `{${question}}`;
    for (const authorization of [`Bearer ${bench.key}`, 'Bearer sk-wrong-0123456789']) {
      const heard = await overSocket(
        bench.url,
        `POST ${chat} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\nexpect: 200-ok\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      expect(heard).toMatch(/^HTTP\/1\.1 417 [\s\S]*x-request-id: req_[\s\S]*connection: close[\s\S]*"code":"417"/i);
      expect(heard.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
    }
  });

  it('to continue is met', async () => {
    const body = `{${question}}`;
    const heard = await overSocket(
      bench.url,
      `${head(chat)}connection: close\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(heard).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('is not known to HTTP/1.0', async () => {
    const heard = await overSocket(bench.url, 'GET /health/liveliness HTTP/1.0\r\nexpect: 200-ok\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 200 /);
  });
});

function manyKeys(count: number): string {
  const keys = Array.from({ length: count }, (_, index) => `"k${index}":1`);
  return `{${keys.join(',')},${question}}`;
}
