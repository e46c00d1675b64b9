import { UpstreamFailure } from '../../kernel/upstream-failure';
import { answerBytes, answerNames, decodeAll } from '../../../test/support/answer-fixtures';
import { type AnswerEvent } from '../canonical/answer-event';
import { SseDecoder } from './sse-decoder';
import { decodeWire } from './wire-text';

function same(one: readonly AnswerEvent[], other: readonly AnswerEvent[]): boolean {
  return (
    one.length === other.length &&
    one.every((event, at) => event.type === other[at]?.type && event.data === other[at].data)
  );
}

function cutsThatDiffer(bytes: Buffer, expected: readonly AnswerEvent[]): number[] {
  const wrong: number[] = [];
  for (let at = 0; at <= bytes.length; at += 1) {
    if (!same(decodeAll(bytes.subarray(0, at), bytes.subarray(at)), expected)) wrong.push(at);
  }
  return wrong;
}

function dribbled(bytes: Buffer): AnswerEvent[] {
  return decodeAll(...Array.from(bytes, (byte) => Buffer.of(byte)));
}

function text(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\n'));
}

describe('SseDecoder on the recorded shapes', () => {
  it.each(answerNames)('gives the same events of %s wherever its bytes are cut', (name) => {
    const bytes = answerBytes(name);
    const expected = decodeAll(bytes);
    const dataLines = bytes
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('data: '));
    expect(expected.map(({ data }) => `data: ${data}`)).toEqual(dataLines);
    expect(expected.map(({ type }) => type)).toEqual(
      dataLines.map((line) => (JSON.parse(line.slice(6)) as { type: string }).type),
    );
    expect(cutsThatDiffer(bytes, expected)).toEqual([]);
    expect(same(dribbled(bytes), expected)).toBe(true);
  });
});

describe('SseDecoder on every spelling of the format', () => {
  const lines = [
    ': comment',
    '',
    'event: response.output_text.delta',
    'data: {"type":"response.output_text.delta","delta":"grüß 👋 \\"x\\"\\r\\n"}',
    '',
    '',
    'data:{"type":"a"}',
    '',
    'id: 7',
    'data: {"type":"b",',
    'data: "n":1}',
    'retry: 10',
    '',
    'data: [DONE]',
    '',
    'data: { "type" : "c" }',
    '',
    'data: not json',
    '',
    'data: {"type":"torn","delta":"x',
    '',
    'event: named',
    'data: {"n":2}',
    '',
    'data: {"error":{"message":"m"}}',
    '',
    'data: [1]',
    '',
    'event: response.created',
    '',
    '',
  ];
  const expected = ['response.output_text.delta', 'a', 'b', 'c', 'named', 'error'];

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('reads %s line ends, cut anywhere', (_name, lineEnd) => {
    const bytes = Buffer.from(lines.join(lineEnd));
    const events = decodeAll(bytes);
    expect(events.map(({ type }) => type)).toEqual(expected);
    expect(decodeWire(events[0]?.data ?? '')).toContain('grüß 👋');
    expect(JSON.parse(events[2]?.data ?? '')).toEqual({ type: 'b', n: 1 });
    expect(events.every(({ data }) => !data.includes('\n'))).toBe(true);
    expect(cutsThatDiffer(bytes, events)).toEqual([]);
    expect(same(dribbled(bytes), events)).toBe(true);
  });

  it('reads line ends that change within one stream', () => {
    // CR before LF would be one CRLF.
    const ends = ['\n', '\r', '\r\n'];
    const bytes = Buffer.from(lines.map((line, at) => line + (ends[at % 3] ?? '')).join(''));
    expect(decodeAll(bytes).map(({ type }) => type)).toEqual(expected);
    expect(cutsThatDiffer(bytes, decodeAll(bytes))).toEqual([]);
  });

  it('skips a byte order mark at the start, cut anywhere', () => {
    const bytes = Buffer.from('\uFEFFdata: {"type":"a"}\n\n');
    expect(decodeAll(bytes)).toEqual([{ type: 'a', data: '{"type":"a"}' }]);
    expect(cutsThatDiffer(bytes, decodeAll(bytes))).toEqual([]);
  });

  it('takes a last frame without a blank line when its JSON is whole, and drops it when it is not', () => {
    expect(decodeAll(text('data: {"type":"a"}', ''))).toHaveLength(1);
    expect(decodeAll(text('data: {"type":"a"}'))).toHaveLength(1);
    expect(decodeAll(text('data: {"type":"a","x":{}'))).toEqual([]);
    expect(decodeAll(text('data: {"type":"a","x":"}'))).toEqual([]);
  });

  it('does not mistake another key of the same length for the type', () => {
    const events = decodeAll(text('data: {"type":"same"}', '', 'data: {"typo":"same","type":"real"}', '', ''));
    expect(events.map(({ type }) => type)).toEqual(['same', 'real']);
  });

  it('does not take the type of a longer or shorter name for the previous one', () => {
    const events = decodeAll(text('data: {"type":"ab"}', '', 'data: {"type":"abc"}', '', 'data: {"type":"a"}', '', ''));
    expect(events.map(({ type }) => type)).toEqual(['ab', 'abc', 'a']);
  });
});

describe('SseDecoder on types that could break a frame of ours', () => {
  const evil = [
    ['an escaped line feed', '{"type":"a\\nevent: response.completed","x":1}'],
    ['an escaped character whose last byte is a line feed', '{"type":"a\\u010adata: {}","x":1}'],
    ['such a character as it is', '{"type":"a\u010adata: {}","x":1}'],
    ['a blank', '{"type":"a b"}'],
    ['characters beyond ASCII', '{"type":"größe"}'],
    ['more than 128 characters', `{"type":"${'a'.repeat(129)}"}`],
    ['a delta with a blank', '{"type":"a b.delta","delta":"x"}'],
    ['odd spacing', '{ "type" : "a\\nb" }'],
  ] as const;

  it.each(evil)('drops one with %s, however often it comes, and reads on', (_name, json) => {
    const good = '{"type":"response.created"}';
    const bytes = text(...[json, json, good, json].flatMap((data) => [`data: ${data}`, '']), '');
    expect(decodeAll(bytes)).toEqual([{ type: 'response.created', data: good }]);
    expect(cutsThatDiffer(bytes, decodeAll(bytes))).toEqual([]);
  });

  it('drops one that only its event line names unfitly', () => {
    expect(decodeAll(text('event: a b', 'data: {"n":1}', '', 'event: fit', 'data: {"n":2}', '', ''))).toEqual([
      { type: 'fit', data: '{"n":2}' },
    ]);
  });

  it('takes a fit type that is spelled in escapes', () => {
    const json = '{"type":"response\\u002ecreated"}';
    expect(decodeAll(text(`data: ${json}`, '', ''))).toEqual([{ type: 'response.created', data: json }]);
  });
});

describe('SseDecoder under load', () => {
  it('stops at an event above its limit, whole or in pieces, and takes one of exactly that size', () => {
    const frame = Buffer.from(`data: {"type":"big","x":"${'y'.repeat(1000)}"}\n\n`);
    const size = frame.length - 2;
    const decode = (limit: number, step: number): AnswerEvent[] => {
      const decoder = new SseDecoder(limit);
      const events: AnswerEvent[] = [];
      for (let at = 0; at < frame.length; at += step) events.push(...decoder.push(frame.subarray(at, at + step)));
      return events;
    };
    for (const step of [1, 7, frame.length]) {
      expect(decode(size, step)).toHaveLength(1);
      expect(() => decode(size - 1, step)).toThrow(UpstreamFailure);
    }
  });

  it('takes a 20 MB event in small chunks in time that grows with its size only', () => {
    const took = (megabytes: number): number => {
      const frame = Buffer.from(`data: {"type":"big","x":"${'y'.repeat(megabytes * 1024 * 1024)}"}\n\n`);
      const decoder = new SseDecoder();
      const started = process.hrtime.bigint();
      let events = 0;
      for (let at = 0; at < frame.length; at += 4096) events += decoder.push(frame.subarray(at, at + 4096)).length;
      expect(events).toBe(1);
      return Number(process.hrtime.bigint() - started) / 1e6;
    };
    took(2);
    // Searching old bytes again would cost 25 GB of comparisons, far beyond this.
    expect(took(20)).toBeLessThan(3_000);
  });

  it('takes 200 000 small deltas, many to a chunk', () => {
    const delta = '{"type":"response.output_text.delta","output_index":0,"delta":"a"}';
    const bytes = Buffer.from(`event: response.output_text.delta\ndata: ${delta}\n\n`.repeat(200_000));
    const decoder = new SseDecoder();
    let count = 0;
    for (let at = 0; at < bytes.length; at += 16_384) {
      for (const event of decoder.push(bytes.subarray(at, at + 16_384))) if (event.data === delta) count += 1;
    }
    expect(count).toBe(200_000);
  });
});
