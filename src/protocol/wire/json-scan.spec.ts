import * as fc from 'fast-check';
import { numberField, rawStringField } from './json-scan';
import { encodeWire, parseWire, stringifyWire } from './wire-text';

describe('rawStringField', () => {
  it('returns the literal of any text exactly as it was spelled', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, text) => {
        const json = stringifyWire({ type: 't', before, delta: text, after: '"delta":"no"' });
        const raw = rawStringField(json, '"delta":');
        expect(raw).toBe(stringifyWire(text));
        expect(parseWire(raw ?? '')).toBe(text);
      }),
    );
  });

  it('keeps escapes as they came', () => {
    expect(rawStringField(String.raw`{"delta":"a\u0041\\\"\/"}`, '"delta":')).toBe(String.raw`"a\u0041\\\"\/"`);
  });

  it('is not misled by the key inside a string', () => {
    expect(rawStringField(JSON.stringify({ x: '"delta":"wrong"', delta: 'right' }), '"delta":')).toBe('"right"');
  });

  it('falls back to parsing when the spacing is unusual', () => {
    expect(rawStringField('{"delta": "x"}', '"delta":')).toBe('"x"');
    expect(rawStringField(encodeWire('{"delta" : "ü"}'), '"delta":')).toBe(encodeWire('"ü"'));
  });

  it('knows no value that is absent, unclosed or no string', () => {
    for (const json of ['{}', '{"delta":1}', '{"delta":null}', '{"delta":"x', '{"delta":"x\\"}', '[]', 'x "delta"']) {
      expect(rawStringField(json, '"delta":')).toBeUndefined();
    }
  });
});

describe('numberField', () => {
  it('reads integers in any position', () => {
    expect(numberField('{"n":0,"m":1}', '"n":')).toBe(0);
    expect(numberField('{"m":1,"n":1795206658}', '"n":')).toBe(1_795_206_658);
    expect(numberField('{"n":-3}', '"n":')).toBe(-3);
    expect(numberField('{"n" : 12 }', '"n":')).toBe(12);
  });

  it('knows no value that is absent or no integer', () => {
    for (const json of ['{}', '{"n":"1"}', '{"n":null}', '{"n":1.5}', '{"n":-}', '{"n":']) {
      expect(numberField(json, '"n":')).toBeUndefined();
    }
  });
});
