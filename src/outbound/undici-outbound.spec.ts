import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { OutboundWorld } from '../../test/support/outbound-world';
import { type OutboundResponse } from './outbound';
import { type UndiciOutbound } from './undici-outbound';

let world: OutboundWorld;

beforeEach(async () => {
  world = new OutboundWorld();
  await world.listen();
});
afterEach(() => world.close());

async function allBytes(response: OutboundResponse): Promise<string> {
  let text = '';
  for (let chunks = await response.next(); chunks !== undefined; chunks = await response.next()) {
    text += Buffer.concat(chunks).toString();
  }
  return text;
}

describe('a proxy', () => {
  it('that cannot be used is refused without showing its address or password', () => {
    const proxy = { http: '', https: 'http://ada:pr0xy-secret@proxy:99999', no: '' };
    const make = (): UndiciOutbound => world.outboundTo(world.url, { rest: { proxy } });
    expect(make).toThrow('HTTP_PROXY or HTTPS_PROXY is not an address of a proxy');
    try {
      make();
    } catch (error) {
      expect(inspect(error, { depth: 5 })).not.toContain('pr0xy-secret');
    }
  });
});

describe('a call', () => {
  it('sends method, path, headers and body, and tells status, headers and body', async () => {
    let seen: unknown;
    world.answer = (request, response) => {
      request.setEncoding('utf8').on('data', (body: string) => {
        seen = { method: request.method, path: request.url, header: request.headers['x-a'], body };
        response.writeHead(201, { 'x-b': ['1', '2'], 'Content-Type': 'text/plain' }).end('done');
      });
    };
    const response = await world
      .outboundTo(world.url)
      .send(world.get('/p?q=1', { method: 'POST', headers: { 'x-a': 'b' }, body: 'hello' }));
    expect(seen).toEqual({ method: 'POST', path: '/p?q=1', header: 'b', body: 'hello' });
    expect(response.status).toBe(201);
    expect(response.headers['content-type']).toBe('text/plain');
    expect(response.headers['x-b']).toBe('1, 2');
    expect(await response.text(100, 1_000)).toBe('done');
  });

  it('hands out every chunk that has arrived at once, in order', async () => {
    world.answer = (_, response) => {
      for (let index = 0; index < 50; index += 1) response.write(`${index},`);
      response.end();
    };
    const response = await world.outboundTo(world.url).send(world.get());
    const first = await response.next();
    expect(first?.length).toBeGreaterThan(1);
    const rest = await allBytes(response);
    expect(Buffer.concat(first ?? []).toString() + rest).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''));
    expect(await response.next()).toBeUndefined();
  });

  it('uses connections again once their answers are read', async () => {
    const sockets = new Set<Socket>();
    world.answer = (request, response) => {
      sockets.add(request.socket);
      response.end('ok');
    };
    const outbound = world.outboundTo(world.url);
    for (let round = 0; round < 8; round += 1) {
      const response = await outbound.send(world.get());
      await allBytes(response);
      response.cancel();
    }
    // A connection is free one turn after its answer ended, so two may take turns.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('does not follow a redirect', async () => {
    world.answer = (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    const response = await world.outboundTo(world.url).send(world.get());
    expect(response.status).toBe(302);
    expect(response.headers['location']).toBe('http://127.0.0.1:1/');
    response.cancel();
  });

  it('stops reading the socket while more than 256 KiB wait, and reads on when they are taken', async () => {
    const total = 32 * 1024 * 1024;
    let pushed = 0;
    world.answer = (_, response) => {
      const push = (): void => {
        while (pushed < total) {
          pushed += 65_536;
          if (!response.write(Buffer.alloc(65_536))) {
            response.once('drain', push);
            return;
          }
        }
        response.end();
      };
      push();
    };
    const response = await world.outboundTo(world.url).send(world.get());
    let before = -1;
    while (before !== pushed) {
      before = pushed;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(pushed).toBeLessThan(total / 2);
    let read = 0;
    let largest = 0;
    for (let chunks = await response.next(); chunks !== undefined; chunks = await response.next()) {
      const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
      largest = Math.max(largest, bytes);
      read += bytes;
    }
    expect(read).toBe(total);
    expect(largest).toBeLessThan(512 * 1024);
  });
});

describe('a call that fails', () => {
  it('is refused for an origin that the settings do not name', async () => {
    const request = world.get('/', { url: 'http://127.0.0.1:9/secret' });
    await expect(world.outboundTo(world.url).send(request)).rejects.toThrow(/origin not named/);
  });

  it('tells a refused connection as network, without the address', async () => {
    const outbound = world.outboundTo(world.url);
    world.server.close();
    await once(world.server, 'close');
    const failing = outbound.send(world.get());
    await expect(failing).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringMatching(/ECONNREFUSED/) as string,
    });
    await expect(failing).rejects.not.toMatchObject({ message: expect.stringMatching(/127\.0\.0\.1/) as string });
  });

  it('gives up waiting for headers, and frees the socket', async () => {
    const closed = new Promise((resolve) => {
      world.answer = (request) => request.socket.once('close', resolve);
    });
    await expect(world.outboundTo(world.url).send(world.get('/x', { headersMs: 40 }))).rejects.toMatchObject({
      kind: 'timeout',
      details: { code: 'upstream_headers_timeout' },
    });
    await closed;
  });

  it('delivers what came before the connection broke, then fails as network', async () => {
    world.answer = (request, response) => {
      response.write('half');
      setImmediate(() => request.socket.destroy());
    };
    const response = await world.outboundTo(world.url).send(world.get());
    expect(Buffer.concat((await response.next()) ?? []).toString()).toBe('half');
    await expect(response.next()).rejects.toMatchObject({ kind: 'network' });
    await expect(response.next()).rejects.toMatchObject({ kind: 'network' });
  });

  it('ends a waiting read with the reason of the signal, and closes the socket at once', async () => {
    const closed = new Promise((resolve) => {
      world.answer = (request, response) => {
        request.socket.once('close', resolve);
        response.write('x');
      };
    });
    const controller = new AbortController();
    const response = await world.outboundTo(world.url).send(world.get('/x', { signal: controller.signal }));
    await response.next();
    const reading = response.next();
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    await closed;
  });

  it('does not start when the signal is aborted already', async () => {
    let asked = false;
    world.answer = (_, response) => {
      asked = true;
      response.end();
    };
    await expect(
      world.outboundTo(world.url).send(world.get('/x', { signal: AbortSignal.abort(new Error('gone')) })),
    ).rejects.toThrow('gone');
    expect(asked).toBe(false);
  });

  it('cuts a body at its limit and frees the socket', async () => {
    const closed = new Promise((resolve) => {
      world.answer = (request, response) => {
        request.socket.once('close', resolve);
        response.write('x'.repeat(1_000));
      };
    });
    const response = await world.outboundTo(world.url).send(world.get());
    expect(await response.text(10, 5_000)).toBe('x'.repeat(10));
    await closed;
  });

  it('gives up on a body that does not end in time', async () => {
    world.answer = (_, response) => response.write('x');
    const response = await world.outboundTo(world.url).send(world.get());
    await expect(response.text(10_000, 40)).rejects.toMatchObject({ kind: 'timeout' });
  });
});

describe('a proxy', () => {
  it('carries the call through a tunnel, unless NO_PROXY names the host', async () => {
    world.answer = (_, response) => response.end('through');
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, client: Socket) => {
      tunnels.push(request.url ?? '');
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      client.on('error', () => target.destroy());
      target.on('error', () => client.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const http = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const proxied = world.outboundTo(world.url, { rest: { proxy: { http, https: '', no: '' } } });
    expect(await (await proxied.send(world.get())).text(100, 1_000)).toBe('through');
    expect(tunnels).toEqual([new URL(world.url).host]);
    const direct = world.outboundTo(world.url, { rest: { proxy: { http, https: '', no: '127.0.0.1' } } });
    expect(await (await direct.send(world.get())).text(100, 1_000)).toBe('through');
    expect(tunnels).toHaveLength(1);
    await proxied.close();
    proxy.closeAllConnections();
    proxy.close();
  });
});
