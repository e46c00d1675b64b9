import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type EdgeDoor, largeBytes, listen, stalledReaderMs } from '../../test/support/edge-doors';
import { eventually } from '../../test/support/eventually';

let door: EdgeDoor;
beforeAll(async () => {
  door = await listen();
});
afterAll(() => door.close());

function connections(): Promise<number> {
  return new Promise((resolve) => {
    door.app.getHttpServer().getConnections((_error, count) => {
      resolve(count);
    });
  });
}

describe('a large answer', () => {
  it.each(['/large', '/large-bytes', '/large-file'])('is not kept for a reader who stalls (%s)', async (path) => {
    const stalled = connect(door.port, '127.0.0.1').on('error', () => undefined);
    await once(stalled, 'connect');
    stalled.pause().write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await eventually('it is there', async () => (await connections()) === 1);
    await eventually('it is gone', async () => (await connections()) === 0);
    stalled.destroy();
  });

  it('is given to its end to one who is only slow', async () => {
    const { body } = await fetch(`${door.url}/large`);
    const startedMs = performance.now();
    let read = 0;
    let pauses = 0;
    for await (const piece of body as ReadableStream<Uint8Array>) {
      read += piece.length;
      if (read < (pauses + 1) * (largeBytes / 8)) continue;
      pauses += 1;
      await pause(stalledReaderMs / 2);
    }
    expect(read).toBeGreaterThan(largeBytes);
    expect(performance.now() - startedMs).toBeGreaterThan(2 * stalledReaderMs);
  });
});
