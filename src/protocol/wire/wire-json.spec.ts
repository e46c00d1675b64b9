import fc from 'fast-check';
import { survivesAsWire, valueAsWire, valueFromWire } from './wire-json';

const wireOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('JSON as wire text', () => {
  it('says the same bytes again after being parsed and written, whatever text is in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const json = JSON.stringify(value);
        const wire = wireOf(json);
        if (!survivesAsWire(wire)) return;
        const written = Buffer.from(JSON.stringify(JSON.parse(wire)), 'latin1').toString('utf8');
        expect(written).toBe(json);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['plain text', '{"a":"Grüße – 東京"}', true],
    ['escaped controls', String.raw`{"a":"\u001b[31m\u0000\n"}`, true],
    ['an escaped letter beyond ASCII', String.raw`{"a":"caf\u00e9"}`, false],
    ['an escaped character of two bytes', String.raw`{"a":"\u4e1c"}`, false],
    ['a backslash before a u', String.raw`{"a":"C:\\users"}`, false],
  ])('is safe or not for %s', (_, json, safe) => {
    expect(survivesAsWire(wireOf(json))).toBe(safe);
  });

  it('turns a value into wire text and back', () => {
    const value = { text: 'Grüße', list: ['東京', 1, null], plain: 'x' };
    expect(valueFromWire(valueAsWire(value))).toEqual(value);
    expect(valueAsWire(value).text).toBe(wireOf('Grüße'));
    const ascii = { a: 'b' };
    expect(valueAsWire(ascii)).toBe(ascii);
  });
});
