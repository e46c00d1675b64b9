import * as fc from 'fast-check';
import { innerMembers } from './json-members';
import { encodeWire, stringifyWire } from './wire-text';

const wanted = new Set(['status', 'usage', 'id']);

function read(json: string): Record<string, unknown> | undefined {
  const texts = innerMembers(json, 'response', wanted);
  if (texts === undefined) return undefined;
  return Object.fromEntries([...texts].map(([name, text]) => [name, JSON.parse(text) as unknown]));
}

describe('innerMembers', () => {
  it('reads of any object what JSON.parse reads, and nothing else', () => {
    const others = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 6 });
    fc.assert(
      fc.property(others, others, fc.jsonValue(), fc.jsonValue(), (around, beside, status, usage) => {
        const event = { ...around, response: { ...beside, status, tools: [beside], usage }, after: around };
        const json = stringifyWire(event);
        const { response } = JSON.parse(json) as { response: Record<string, unknown> };
        const found = read(json);
        const known = Object.fromEntries(Object.entries(response).filter(([name]) => wanted.has(name)));
        // Only names that are spelled with a backslash are left to the parser.
        if (found !== undefined) expect(found).toEqual(known);
        else expect(json).toContain('\\');
      }),
    );
  });

  it('is not misled by the same names further down or inside a text', () => {
    const echoed = { usage: { status: 'wrong' }, properties: { response: { status: 'wrong' } } };
    const response = { tools: [echoed], instructions: '"status":"wrong"}', status: 'completed', metadata: echoed };
    expect(read(JSON.stringify({ type: 't', response }))).toEqual({ status: 'completed' });
  });

  it('takes the last of two, as JSON.parse does', () => {
    expect(read('{"response":{"status":"a","id":1,"status":"b"}}')).toEqual({ status: 'b', id: 1 });
  });

  it('keeps what it does not read as wire text', () => {
    const texts = innerMembers(encodeWire('{"response":{"id":"ü","x":"é"}}'), 'response', wanted);
    expect(texts?.get('id')).toBe(encodeWire('"ü"'));
  });

  it.each([
    ['a blank between tokens', '{"response": {"status":"a"}}'],
    ['a blank further down', '{"response":{"status" :"a"}}'],
    ['no object', '["response"]'],
    ['an empty object', '{}'],
    ['no such member', '{"type":"error"}'],
    ['a member that is no object', '{"response":"x"}'],
    ['an empty member', '{"response":{}}'],
    ['a text that ends early', '{"response":{"status":"a","tools":[{"a":"]"}'],
    ['a string that never ends', '{"response":{"status":"a}}'],
    ['brackets that do not match', '{"response":{"status":"a","tools":[[]}}'],
    ['something behind the object', '{"response":{"status":"a"}}x'],
    ['a value that is missing', '{"response":{"status":,"id":1}}'],
    ['a comma without a member', '{"response":{"status":"a",}}'],
    ['a name that ends with an escape', String.raw`{"response":{"status\\":"a"}}`],
    ['nothing', ''],
  ])('leaves %s to the parser', (_, json) => {
    expect(read(json)).toBeUndefined();
  });
});
