import * as fc from 'fast-check';
import { StopFilter } from './stop-filter';

function run(stops: readonly string[], pieces: readonly string[]): { shown: string; met: boolean } {
  const filter = new StopFilter(stops);
  let shown = '';
  for (const piece of pieces) shown += filter.push(piece);
  const met = filter.met;
  return { shown: shown + filter.flush(), met };
}

describe('StopFilter', () => {
  it('cuts before a stop sequence that spans pieces', () => {
    expect(run(['END'], ['one E', 'N', 'D two'])).toEqual({ shown: 'one ', met: true });
  });

  it('gives back what only looked like the beginning of one', () => {
    expect(run(['END'], ['one E', 'N', ' two EN'])).toEqual({ shown: 'one EN two EN', met: false });
  });

  it('keeps back no more than it must', () => {
    const filter = new StopFilter(['\n\n']);
    expect(filter.push('a line\n')).toBe('a line');
    expect(filter.push('another')).toBe('\nanother');
  });

  it('lets the sequence win that completes first', () => {
    expect(run(['abcd', 'bc'], ['xabcd']).shown).toBe('xa');
    expect(run(['abcd', 'bc'], ['xab', 'c', 'd']).shown).toBe('xa');
    expect(run(['bc', 'abc'], ['xabc']).shown).toBe('x');
  });

  it('shows the same wherever the text is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 12 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(letters, fc.array(stop, { minLength: 1, maxLength: 4 }), (text, stops) => {
        const whole = run(stops, [text]);
        expect(run(stops, text.split(''))).toEqual(whole);
        for (let at = 0; at <= text.length; at += 1) {
          expect(run(stops, [text.slice(0, at), text.slice(at)])).toEqual(whole);
        }
        expect(whole.met).toBe(stops.some((one) => text.includes(one)));
        expect(text.startsWith(whole.shown)).toBe(true);
      }),
    );
  });
});
