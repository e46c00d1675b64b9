import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { chatBody, post } from '../support/calls';
import { eventually } from '../support/eventually';
import { startBench, type TestBench } from '../support/gateway';

const mebibyte = 1024 * 1024;

describe('bodies that do not arrive whole', () => {
  let bench: TestBench;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await bench.close();
  });

  /** Begins a body of 30 MiB and sends 25 of them. @returns all that it was answered so far. */
  async function halfSent(key: string): Promise<() => string> {
    const { hostname, port } = new URL(bench.url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    let answer = '';
    socket.on('error', () => undefined).on('data', (data) => (answer += data.toString()));
    await once(socket, 'connect');
    const head = [
      'POST /v1/responses HTTP/1.1',
      'host: a',
      `authorization: Bearer ${key}`,
      `content-length: ${30 * mebibyte}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    socket.write(Buffer.alloc(25 * mebibyte, 0x20));
    return () => answer;
  }

  it('are refused to one key where they are too many bytes, and cost others nothing', async () => {
    const made = await post(bench, '/key/generate', { key_alias: 'slow', max_parallel_requests: 1 });
    const { key } = made.json as { key: string };
    const answers: (() => string)[] = [];
    for (let sent = 0; sent < 7; sent += 1) answers.push(await halfSent(key));
    const refused = (): readonly string[] => answers.map((answer) => answer()).filter((text) => text !== '');
    await eventually('bodies beyond 128 MiB are refused', () => refused().length >= 2);
    for (const text of refused()) {
      expect(text).toMatch(
        /^HTTP\/1\.1 429 [^]*More than 134217728 bytes of request bodies are under way with this key/,
      );
    }
    expect(refused().length).toBeLessThan(4);
    expect((await post(bench, '/v1/chat/completions', chatBody())).status).toBe(200);
    for (const socket of sockets.splice(0)) socket.destroy();
    await eventually('the same key may send again', async () => {
      const body = chatBody({ messages: [{ role: 'user', content: 'x'.repeat(mebibyte) }] });
      return (await post({ url: bench.url, key }, '/v1/chat/completions', body)).status === 200;
    });
  });
});
