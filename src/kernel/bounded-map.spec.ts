import { BoundedMap } from './bounded-map';

const names = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => `${from + at}`);

describe('a bounded map', () => {
  it('forgets what was asked for longest ago, and tells of it', () => {
    const dropped: [string, string][] = [];
    const map = new BoundedMap<string>(10, (key, value) => dropped.push([key, value]));
    for (const name of names(0, 6)) map.set(name, `v${name}`);
    expect(map.get('2')).toBe('v2');
    expect(dropped).toEqual([]);
    for (const name of names(6, 11)) map.set(name, `v${name}`);
    expect(dropped.map(([key]) => key)).toEqual(['0', '1', '3', '4', '5']);
    expect(dropped[0]).toEqual(['0', 'v0']);
    expect(names(0, 11).filter((name) => map.get(name) !== undefined)).toEqual(['2', ...names(6, 11)]);
  });

  it('holds its bound, and the half of it that came last, whatever comes', () => {
    const map = new BoundedMap<number>(100);
    for (let at = 0; at < 1_000; at += 1) {
      map.set(`${at}`, at);
      expect(map.size).toBeLessThanOrEqual(101);
    }
    expect(names(950, 1_000).filter((name) => map.get(name) === undefined)).toEqual([]);
  });

  it('has one value of a key, wherever it was, and none once it was deleted', () => {
    const dropped: string[] = [];
    const map = new BoundedMap<number>(4, (key) => dropped.push(key));
    for (const name of names(0, 3)) map.set(name, 1);
    map.set('0', 2);
    expect([map.get('0'), map.size, [...map.values()].sort()]).toEqual([2, 3, [1, 1, 2]]);
    map.delete('0');
    map.delete('1');
    expect([map.get('0'), map.get('1'), map.get('2'), map.size]).toEqual([undefined, undefined, 1, 1]);
    map.clear();
    expect([map.get('2'), map.size, dropped]).toEqual([undefined, 0, []]);
  });
});
