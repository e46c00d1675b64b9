import { once } from 'node:events';
import { type Socket } from 'node:net';
import { OutboundWorld } from '../../test/support/outbound-world';
import { type OutboundResponse } from './outbound';

let world: OutboundWorld;

beforeEach(async () => {
  world = new OutboundWorld();
  await world.listen();
});
afterEach(() => world.close());

describe('an answer that is handed down', () => {
  /** Hands the whole body to a list. */
  async function handed(response: OutboundResponse): Promise<string> {
    const chunks: Buffer[] = [];
    await response.each((chunk) => {
      chunks.push(chunk);
      return undefined;
    });
    return Buffer.concat(chunks).toString();
  }

  it('comes whole and in order, also after a part of it was asked for', async () => {
    let goOn: () => void = () => undefined;
    world.answer = (_, response) => {
      response.write('first,');
      goOn = () => {
        for (let index = 0; index < 50; index += 1) response.write(`${index},`);
        response.end();
      };
    };
    const response = await world.outboundTo(world.url).send(world.get());
    expect(Buffer.concat((await response.next()) ?? []).toString()).toBe('first,');
    const reading = handed(response);
    goOn();
    expect(await reading).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''));
  });

  it('is handed down also when it had ended before', async () => {
    let finished: Promise<unknown> = Promise.resolve();
    world.answer = (_, response) => {
      finished = once(response, 'close');
      response.end('all of it');
    };
    const response = await world.outboundTo(world.url).send(world.get());
    await finished;
    expect(await handed(response)).toBe('all of it');
  });

  it('waits for a reader that asked for it, and stops reading the socket meanwhile', async () => {
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
    let read = 0;
    let goOn: () => void = () => undefined;
    const rest = new Promise<void>((resolve) => (goOn = resolve));
    let isResting = false;
    const reading = response.each((chunk) => {
      expect(isResting).toBe(false);
      read += chunk.length;
      isResting = read === chunk.length;
      return isResting ? rest : undefined;
    });
    let before = -1;
    while (before !== pushed) {
      before = pushed;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(pushed).toBeLessThan(total / 2);
    isResting = false;
    goOn();
    await reading;
    expect(read).toBe(total);
  });

  it('is told before the break that follows it', async () => {
    world.answer = (request, response) => {
      response.write('half');
      setImmediate(() => request.socket.destroy());
    };
    const response = await world.outboundTo(world.url).send(world.get());
    let text = '';
    const reading = response.each((chunk) => {
      text += chunk.toString();
      return undefined;
    });
    await expect(reading).rejects.toMatchObject({ kind: 'network' });
    expect(text).toBe('half');
  });

  it('is told before the break also to a reader who rested when it came', async () => {
    let breakOff: () => Promise<unknown> = () => Promise.resolve();
    world.answer = (request, response) => {
      response.write('one');
      breakOff = () => {
        response.write('two', () => request.socket.destroy());
        return once(request.socket, 'close');
      };
    };
    const response = await world.outboundTo(world.url).send(world.get());
    let text = '';
    const reading = response.each((chunk) => {
      text += chunk.toString();
      return text === 'one' ? breakOff().then(() => undefined) : undefined;
    });
    await expect(reading).rejects.toMatchObject({ kind: 'network' });
    expect(text).toBe('onetwo');
  });

  it('ends with the reason of the signal', async () => {
    const closed = new Promise((resolve) => {
      world.answer = (request, response) => {
        request.socket.once('close', resolve);
        response.write('x');
      };
    });
    const controller = new AbortController();
    const response = await world.outboundTo(world.url).send(world.get('/x', { signal: controller.signal }));
    const reading = response.each(() => {
      setImmediate(() => {
        controller.abort(new Error('enough'));
      });
      return undefined;
    });
    await expect(reading).rejects.toThrow('enough');
    await closed;
  });

  it('ends with what the reader throws, and frees the socket', async () => {
    const closed = new Promise((resolve) => {
      world.answer = (request, response) => {
        request.socket.once('close', resolve);
        response.write('x');
      };
    });
    const response = await world.outboundTo(world.url).send(world.get());
    const reading = response.each(() => {
      throw new Error('not what I wanted');
    });
    await expect(reading).rejects.toThrow('not what I wanted');
    await closed;
  });

  it('ends with what the reader throws at the very last chunk', async () => {
    world.answer = (_, response) => response.end('all of it');
    const response = await world.outboundTo(world.url).send(world.get());
    const reading = response.each(() => {
      throw new Error('not what I wanted');
    });
    await expect(reading).rejects.toThrow('not what I wanted');
  });

  it('ends for a reader who rests at the end of it when the call is cancelled', async () => {
    world.answer = (_, response) => response.end('all of it');
    const response = await world.outboundTo(world.url).send(world.get());
    const reading = response.each(() => {
      setImmediate(() => {
        response.cancel();
      });
      return new Promise(() => undefined);
    });
    await expect(reading).rejects.toMatchObject({ kind: 'client_gone' });
  });

  it('ends when no more is wanted; released, its connection is used again', async () => {
    const sockets = new Set<Socket>();
    let finished: Promise<unknown> = Promise.resolve();
    world.answer = (request, response) => {
      sockets.add(request.socket);
      finished = once(response, 'close');
      response.write('enough,');
      setImmediate(() => response.end('too much'));
    };
    const outbound = world.outboundTo(world.url);
    const rounds = 8;
    for (let round = 0; round < rounds; round += 1) {
      const response = await outbound.send(world.get());
      let handedDown = 0;
      await response.each(() => {
        handedDown += 1;
        return false;
      });
      response.release(1_000);
      await finished;
      expect(handedDown).toBe(1);
    }
    expect(sockets.size).toBeLessThan(rounds);
  });
});
