import { assertModestJson, repeatsKey } from './json-scan';

const scan = (json: string, maxDepth = 3) => {
  assertModestJson(Buffer.from(json), maxDepth);
};

describe('assertModestJson', () => {
  it('lets JSON of exactly the limit pass and refuses one level more', () => {
    expect(() => {
      scan('{"a":[{"b":1},[2]],"c":{"d":[]}}');
    }).not.toThrow();
    expect(() => {
      scan('[[{"a":[]}]]');
    }).toThrow(expect.objectContaining({ status: 400, code: 'json_too_deep' }) as Error);
  });

  it('refuses more than half a million commas, whatever they part', () => {
    for (const json of ['[],', '"k":1,']) {
      expect(() => {
        scan(`[${json.repeat(500_000)}1]`);
      }).not.toThrow();
      expect(() => {
        scan(`[${json.repeat(500_001)}1]`);
      }).toThrow(expect.objectContaining({ status: 400, code: 'json_too_many_values' }) as Error);
    }
  });

  it.each([
    ['brackets', '[[[['],
    ['escaped quotes', '\\"[[[['],
    ['escaped backslashes', '\\\\'],
    ['escapes at every place around the first search', `${'\\"'.repeat(40)}[[[[`],
    ['odd escapes', `x${'\\"'.repeat(40)}[[[[`],
    ['far escaped quotes', `${'x'.repeat(300)}\\"[[[[${'y'.repeat(300)}\\\\\\"[[[[`],
    ['far escaped backslashes at the end', `${'x'.repeat(300)}[[[[\\\\`],
    ['letters beyond ASCII', 'ü\u00db\u{1f620}[[[['],
  ])('sees the structure only, not what strings hold: %s', (_case, inside) => {
    const json = `{"${inside}":["${inside}"],"a":["${inside}",1]}`;
    JSON.parse(json);
    expect(() => {
      scan(json, 2);
    }).not.toThrow();
    expect(() => {
      scan(json, 1);
    }).toThrow('deeper than 1');
  });

  it('counts no comma of a text', () => {
    expect(() => {
      scan(`["${','.repeat(1_000_000)}"]`);
    }).not.toThrow();
  });

  it('comes to an end with bytes that are no JSON', () => {
    for (const torn of ['"', '"\\', `"${'x'.repeat(100)}\\`, `"${'\\'.repeat(101)}`, ']]]}', '']) {
      expect(() => {
        scan(torn);
      }).not.toThrow();
    }
  });
});

describe('repeatsKey', () => {
  it.each([
    '{"model":"a","x":1,"model":"b"}',
    '{"model":"a","\\u006dodel":"b"}',
    '{"m\\u006Fdel":"a","input":[{"model":1}],"model":"b"}',
    '{"\\u006d\\u006f\\u0064\\u0065\\u006c":1,"mod\\u0065l":2}',
    '{ "model" : {"a":"b"} , "model":1}',
    '{"model":["a",{}],"model":1}',
  ])('finds the second in %s', (json) => {
    expect(repeatsKey(Buffer.from(json), 'model')).toBe(true);
  });

  it.each([
    '{"model":"model"}',
    '{"model":"a","tools":[{"properties":{"model":{},"x":{"model":1}}}],"input":["model","\\"model\\":"]}',
    '{"x":"model","model":"y","z":"model"}',
    '{"model":"a","\\u0061":"\\u006dodel"}',
    '{"models":"a","model":1,"Model":2}',
    '{"input":[]}',
  ])('does not take other places for it: %s', (json) => {
    expect(repeatsKey(Buffer.from(json), 'model')).toBe(false);
  });
});
