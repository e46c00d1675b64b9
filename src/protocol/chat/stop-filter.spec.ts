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

  it('shows what a search through the whole text shows', () => {
    const letters = (least: number, most: number) =>
      fc.string({ unit: fc.constantFrom('a', 'b'), minLength: least, maxLength: most });
    fc.assert(
      fc.property(letters(0, 30), fc.array(letters(1, 6), { minLength: 1, maxLength: 4 }), (text, stops) => {
        const ends = stops.filter((stop) => text.includes(stop)).map((stop) => text.indexOf(stop) + stop.length);
        const first = Math.min(...ends);
        const cuts = stops.filter((stop) => text.indexOf(stop) + stop.length === first && text.includes(stop));
        const shown = ends.length === 0 ? text : text.slice(0, first - Math.max(...cuts.map(({ length }) => length)));
        expect(run(stops, text.split('')).shown).toBe(shown);
      }),
    );
  });

  it('takes time that grows with the text and not with how nearly it fits', () => {
    const filter = new StopFilter([`${'a'.repeat(40_000)}b`]);
    const nearly = `${'a'.repeat(20_000)}c${'a'.repeat(19_000)}`;
    const started = process.hrtime.bigint();
    let shown = '';
    for (let piece = 0; piece < 20; piece += 1) shown += filter.push(nearly);
    expect(shown).toHaveLength(20 * nearly.length - 19_000);
    expect(`${shown}${filter.flush()}`).toBe(nearly.repeat(20));
    // Comparing each possible beginning with the end of the text takes that long for one piece.
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1_000);
  });
});
