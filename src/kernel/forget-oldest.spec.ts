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

  it('is forgotten quickly, however much there is', () => {
    const map = new Map<number, string>();
    const startedMs = performance.now();
    for (let at = 0; at < 200_000; at += 1) {
      map.set(at, 'here');
      forgetOldest(map, 50_000);
    }
    // One by one this takes three seconds and more.
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(map.size).toBeLessThanOrEqual(50_000);
  });
});
