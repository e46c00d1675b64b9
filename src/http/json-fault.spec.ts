import { jsonFaultOffset } from './json-fault';

describe('jsonFaultOffset', () => {
  it.each([
    ['hello', 0],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['[1,2', 4],
    ['{"a":"x', 7],
    ['{"a":tru}', 5],
    ['{"a":1} x', 8],
    ['[1 2]', 3],
    ['["\\q"]', 3],
    ['[01]', 2],
    ['', 0],
    ['[,]', 1],
    ['{a:1}', 1],
    ['["line\nbreak"]', 6],
  ])('finds the fault of %j at %d', (text, offset) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(jsonFaultOffset(text)).toBe(offset);
  });

  it('walks a text that is nested deeper than a stack of calls', () => {
    const text = '['.repeat(200_000) + 'x';
    expect(jsonFaultOffset(text)).toBe(200_000);
  });
});
