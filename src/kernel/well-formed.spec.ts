import { isWellFormed, strictJson, wellFormed } from './well-formed';

describe('well-formed text', () => {
  it.each(['', 'plain', 'modellö', '🌍', 'a\\ud800b'])('%j stays as it is', (text) => {
    expect([isWellFormed(text), wellFormed(text), strictJson([text])]).toEqual([true, text, JSON.stringify([text])]);
  });

  it.each([
    ['\ud800', '\ufffd'],
    ['a\udc00b', 'a\ufffdb'],
    ['🌍\ud83c', '🌍\ufffd'],
    ['\\\ud83c', '\\\ufffd'],
    ['\\\\ud83c\ud83c', '\\\\ud83c\ufffd'],
    ['\udc00\ud800', '\ufffd\ufffd'],
  ])('%j has halves, which are replaced', (text, whole) => {
    expect([isWellFormed(text), wellFormed(text)]).toEqual([false, whole]);
    expect(JSON.parse(strictJson({ text, [text]: 1 }))).toEqual({ text: whole, [whole]: 1 });
  });
});
