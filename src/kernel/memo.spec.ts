import { Memo, memoized } from './memo';

describe('a memo', () => {
  it('starts over when one more would be too much', () => {
    const memo = new Memo<string, number>(2);
    memo.set('a', 1).set('b', 2);
    memo.set('b', 3);
    expect([...memo]).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
    memo.set('c', 4);
    expect([...memo]).toEqual([['c', 4]]);
  });
});

describe('a memoized function', () => {
  it('works each result out once, until it starts over', () => {
    const asked: number[] = [];
    const half = memoized(2, (even: number) => {
      asked.push(even);
      return { of: even / 2 };
    });
    const first = half(2);
    expect([half(2), half(4), half(2)]).toEqual([{ of: 1 }, { of: 2 }, { of: 1 }]);
    expect(half(2)).toBe(first);
    expect(asked).toEqual([2, 4]);
    expect([half(6), half(2)]).toEqual([{ of: 3 }, { of: 1 }]);
    expect(asked).toEqual([2, 4, 6, 2]);
  });

  it('remembers no failure', () => {
    let isAway = true;
    const name = memoized(2, (text: string) => {
      if (isAway) throw new Error('away');
      return text;
    });
    expect(() => name('a')).toThrow('away');
    isAway = false;
    expect(name('a')).toBe('a');
  });
});
