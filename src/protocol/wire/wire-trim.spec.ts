import { isUtf8 } from 'node:buffer';
import * as fc from 'fast-check';
import { decodeWire, encodeWire } from './wire-text';
import { trimAscii, trimAsciiStart, wholeCharacters } from './wire-trim';

const unicode = fc.string({ unit: 'binary', maxLength: 20 });
const bytesOf = (wire: string): Buffer => Buffer.from(wire, 'latin1');

describe('trimming', () => {
  it('takes ASCII white space from both ends or from the start', () => {
    expect(trimAscii(' \t\r\n\v\f a b \n')).toBe('a b');
    expect(trimAsciiStart(' \t\r\n\v\f a b \n')).toBe('a b \n');
    expect([trimAscii(''), trimAscii(' \n '), trimAsciiStart('\n')]).toEqual(['', '', '']);
  });

  it('leaves the last byte of a character alone that looks like a blank', () => {
    const wire = encodeWire('voilà');
    expect(wire.trim()).not.toBe(wire);
    expect(trimAscii(` ${wire} `)).toBe(wire);
  });

  it('means the same in wire text as in the text itself', () => {
    fc.assert(
      fc.property(unicode, (text) => {
        expect(decodeWire(trimAscii(encodeWire(text)))).toBe(trimAscii(text));
        expect(decodeWire(trimAsciiStart(encodeWire(text)))).toBe(trimAsciiStart(text));
      }),
    );
  });

  it('takes time that grows with the text only', () => {
    const blanks = ' '.repeat(2_000_000);
    const started = process.hrtime.bigint();
    expect(trimAscii(`x${blanks}x`)).toHaveLength(2_000_002);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1_000);
  });
});

describe('cutting', () => {
  it('never cuts a character of wire text or of the text itself, and loses less than one', () => {
    fc.assert(
      fc.property(unicode, fc.nat(30), (text, length) => {
        const wire = encodeWire(text);
        const cut = wholeCharacters(wire, length);
        expect(isUtf8(bytesOf(cut))).toBe(true);
        expect(wire.startsWith(cut)).toBe(true);
        expect(cut.length).toBeGreaterThanOrEqual(Math.min(wire.length, length - 3));
        expect(cut.length).toBeLessThanOrEqual(length);
        expect(wholeCharacters(text, length)).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});
