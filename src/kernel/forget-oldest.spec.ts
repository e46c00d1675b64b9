import { forgetOldest } from './forget-oldest';

const mapOf = (size: number): Map<number, string> =>
  new Map(Array.from({ length: size }, (_, at): [number, string] => [at, 'here']));

describe('what was put in longest ago', () => {
  it.each([
    [0, 0, 0],
    [3, 3, 3],
    [4, 3, 3],
    [64, 64, 64],
    [65, 64, 62],
    [70, 64, 62],
  ])('of %i with room for %i leaves %i, the newest', (size, most, left) => {
    const map = mapOf(size);
    forgetOldest(map, most);
    expect([...map.keys()]).toEqual(Array.from({ length: left }, (_, at) => size - left + at));
  });

  it('keeps nearly all that there is room for, whatever comes', () => {
    const map = new Map<number, string>();
    for (let at = 0; at < 10_000; at += 1) {
      map.set(at, 'here');
      forgetOldest(map, 3_200);
      expect(map.size).toBeGreaterThanOrEqual(Math.min(at + 1, 3_100));
      expect(map.size).toBeLessThanOrEqual(3_200);
    }
  });
});
