import { gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { GatewayError } from '../kernel/errors';
import { bodyEncoding, unpackBody } from './body-encoding';

const max = 1_000_000;
const statusOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 200,
    (error: unknown) => (error instanceof GatewayError ? error.status : 'foreign'),
  );
const zstd = (bytes: Buffer) => Buffer.from(compress(bytes, 3));

beforeAll(() => init());

describe('bodyEncoding', () => {
  it.each(['br', 'deflate', 'gzip, gzip', 'gzip, zstd', 'compress'])('refuses %s with 415', (header) => {
    expect(() => bodyEncoding(header)).toThrow(expect.objectContaining({ status: 415 }) as Error);
  });

  it('knows gzip, zstd and none', () => {
    expect([bodyEncoding(undefined), bodyEncoding('GZIP'), bodyEncoding(' zstd ')]).toEqual([
      'identity',
      'gzip',
      'zstd',
    ]);
  });
});

describe('unpackBody', () => {
  const text = Buffer.from(JSON.stringify({ words: 'wort '.repeat(100_000) }));

  it('gives back what was packed', async () => {
    expect((await unpackBody(gzipSync(text), 'gzip', max)).equals(text)).toBe(true);
    expect((await unpackBody(zstd(text), 'zstd', max)).equals(text)).toBe(true);
  });

  it('joins several zstd frames and steps over skippable ones', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frames = Buffer.concat([zstd(Buffer.from('[1,')), skippable, zstd(Buffer.from('2]'))]);
    expect((await unpackBody(frames, 'zstd', max)).toString()).toBe('[1,2]');
  });

  it('stops a bomb at the limit', async () => {
    const bomb = Buffer.alloc(50_000_000, 32);
    expect(await statusOf(unpackBody(gzipSync(bomb), 'gzip', max))).toBe(413);
    expect(await statusOf(unpackBody(zstd(bomb), 'zstd', max))).toBe(413);
  });

  it('refuses a window that would cost more memory than a body may', async () => {
    // Magic, no flags, window descriptor of 1 GiB, one empty last raw block.
    const greedy = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00]);
    expect(await statusOf(unpackBody(greedy, 'zstd', max))).toBe(400);
  });

  it('refuses a body cut into very many tiny blocks', async () => {
    const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]);
    const block = Buffer.from([0x08, 0x00, 0x00, 0x20]);
    const frame = Buffer.concat([head, ...Array<Buffer>(5_000).fill(block), Buffer.from([0x01, 0x00, 0x00])]);
    expect(await statusOf(unpackBody(frame, 'zstd', max))).toBe(400);
  });

  /** Magic, no flags, a window descriptor, then `blocks` empty raw blocks, the last one marked. */
  const emptyFrame = (windowDescriptor: number, blocks = 1) =>
    Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, windowDescriptor]),
      Buffer.alloc(3 * (blocks - 1)),
      Buffer.from([0x01, 0x00, 0x00]),
    ]);
  const smallest = 0x00;
  const eightMebibytes = 13 << 3;
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  const times = (count: number, frame: Buffer) => Buffer.concat(Array<Buffer>(count).fill(frame));

  it.each([
    ['64 frames', times(64, emptyFrame(smallest)), 200],
    ['65 frames', times(65, emptyFrame(smallest)), 400],
    ['65 frames of which most are skipped', Buffer.concat([times(64, skippable), emptyFrame(smallest)]), 400],
    ['8 windows of 8 MiB', times(8, emptyFrame(eightMebibytes)), 200],
    ['9 windows of 8 MiB', times(9, emptyFrame(eightMebibytes)), 400],
    ['as many blocks as the body may have', emptyFrame(smallest, 1024 + 976), 200],
    ['one block more', emptyFrame(smallest, 1024 + 977), 400],
    ['too many blocks over all frames', times(2, emptyFrame(smallest, 1024)), 400],
  ])('bounds what headers alone can command: %s', async (_case, packed, status) => {
    expect(await statusOf(unpackBody(packed, 'zstd', max))).toBe(status);
  });

  it.each([
    ['500 windows in 4.5 KB', () => times(500, emptyFrame(eightMebibytes))],
    ['4 million blocks in 12 MB', () => emptyFrame(smallest, 4_000_000)],
    ['4 million frames that are skipped', () => times(4_000_000, skippable)],
  ])('refuses %s without allocating them', async (_case, make) => {
    const packed = make();
    const before = process.memoryUsage();
    const started = performance.now();
    expect(await statusOf(unpackBody(packed, 'zstd', 32 * 1024 * 1024))).toBe(400);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(process.memoryUsage().external - before.external).toBeLessThan(64 * 1024 * 1024);
  });

  it.each(['gzip', 'zstd'] as const)('answers 400 to bytes that are not %s, or cut short', async (encoding) => {
    const packed = encoding === 'gzip' ? gzipSync(text) : zstd(text);
    expect(await statusOf(unpackBody(Buffer.from('{"a":1}'), encoding, max))).toBe(400);
    expect(await statusOf(unpackBody(packed.subarray(0, packed.length >> 1), encoding, max))).toBe(400);
  });
});

describe('many bodies at once', () => {
  it('are unpacked a few at a time, so that small ones which grow large are not all held unpacked', async () => {
    const bytes = 8 * 1024 * 1024;
    const packed = gzipSync(Buffer.alloc(bytes));
    const before = process.memoryUsage().arrayBuffers;
    const all = Array.from({ length: 16 }, () => unpackBody(packed, 'gzip', bytes));
    await Promise.race(all);
    // Unpacked together they are all about to be done now.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * bytes);
    for (const each of all) expect((await each).length).toBe(bytes);
  });

  it('hand their turn on when they are no gzip', async () => {
    const broken = Array.from({ length: 5 }, () => unpackBody(Buffer.from('no gzip'), 'gzip', 100));
    const ended = await Promise.allSettled([...broken, unpackBody(gzipSync('{}'), 'gzip', 100)]);
    expect(ended.map(({ status }) => status)).toEqual([...broken.map(() => 'rejected'), 'fulfilled']);
  });
});
