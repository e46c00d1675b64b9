import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BodyBytes } from './body-bytes';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it('gives the only chunk back as it came', () => {
  const bytes = new BodyBytes();
  const chunk = Buffer.from('{}');
  bytes.add(chunk);
  expect(bytes.whole()).toBe(chunk);
});

it('is empty when nothing was added', () => {
  expect(new BodyBytes().whole()).toEqual(Buffer.alloc(0));
});

it.each([
  ['ones', () => 1],
  ['all sizes around the limits', (turn: number) => [0, 1, 4095, 4096, 4097, 70_000, 3000][turn % 7] ?? 0],
  ['small ones between large ones', (turn: number) => (turn % 2 === 0 ? 5_000 : 2_000)],
])('keeps the order of chunks of %s', (_case, sizeOf) => {
  const bytes = new BodyBytes();
  const chunks: Buffer[] = [];
  for (let turn = 0; turn < 300; turn += 1) {
    const chunk = Buffer.alloc(sizeOf(turn), turn);
    chunks.push(chunk);
    bytes.add(chunk);
  }
  const expected = Buffer.concat(chunks);
  expect(bytes.total).toBe(expected.length);
  expect(bytes.whole().equals(expected)).toBe(true);
});

it('holds a million chunks of one byte in a few megabytes', () => {
  const source = Buffer.alloc(1_000_000, 'x');
  const bytes = new BodyBytes();
  const before = heldBytes();
  for (let at = 0; at < source.length; at += 1) bytes.add(source.subarray(at, at + 1));
  const grown = heldBytes() - before;
  expect(bytes.whole().equals(source)).toBe(true);
  expect(grown).toBeLessThan(20_000_000);
});
