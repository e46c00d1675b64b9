import { GatewayError } from '../kernel/errors';
import { readWishes, type RequestWishes, wishFieldsOf } from './request-wishes';

function wishes(
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): RequestWishes {
  return readWishes(wishFieldsOf({ model: 'm', messages: [], ...body }), headers);
}

describe('what a request says about its own routing', () => {
  it.each<[what: string, body: Record<string, unknown>, headers: Record<string, string>, expected: RequestWishes]>([
    ['nothing', { temperature: 1, metadata: { a: 'b' } }, { 'user-agent': 'x' }, {}],
    ['retries', { num_retries: 0 }, {}, { numRetries: 0 }],
    [
      'retries by header, to which the body goes before',
      { num_retries: 1 },
      { 'x-litellm-num-retries': '5' },
      { numRetries: 1 },
    ],
    ['more retries than anybody gets', {}, { 'x-litellm-num-retries': '500' }, { numRetries: 10 }],
    [
      'time limits',
      { timeout: 1.5 },
      { 'x-litellm-stream-timeout': '2', 'x-litellm-timeout': '9' },
      { timeoutMs: 1_500, streamTimeoutMs: 2_000 },
    ],
    ['other models', { fallbacks: ['b', { model: 'c' }] }, {}, { fallbacks: [{ model: 'b' }, { model: 'c' }] }],
    [
      'other models that are asked otherwise',
      { fallbacks: [{ model: 'c', messages: [1] }] },
      {},
      { fallbacks: [{ model: 'c', changes: { messages: [1] } }] },
    ],
    [
      'other models for long input',
      { context_window_fallbacks: [{ m: ['wide'] }] },
      {},
      { contextWindowFallbacks: new Map([['m', ['wide']]]) },
    ],
    ['no other models', { disable_fallbacks: true }, {}, { disableFallbacks: true }],
    ['other models after all', { disable_fallbacks: false }, {}, {}],
    [
      'tags from everywhere, each once',
      { tags: ['a'], metadata: { tags: ['b', 'a'] }, litellm_metadata: { tags: ['c'] } },
      { 'x-litellm-tags': 'd, a' },
      { tags: ['a', 'b', 'c', 'd'] },
    ],
    ['its session', { litellm_session_id: 's1', session_id: 's2' }, { 'session-id': 's3' }, { session: 's1' }],
    ['its session by header', {}, { session_id: 's4', 'thread-id': 't' }, { session: 's4' }],
    ['a failure to pretend', { mock_testing_context_fallbacks: true }, {}, { pretend: 'context_window' }],
    ['a failure not to pretend', { mock_testing_fallbacks: false, mock_testing_rate_limit_error: null }, {}, {}],
    ['a canned answer', { mock_response: 'pong' }, {}, { mockResponse: 'pong' }],
  ])('%s', (...[, body, headers, expected]) => {
    expect(wishes(body, headers)).toEqual(expected);
  });

  it.each<[field: string, value: unknown]>([
    ['num_retries', 'two'],
    ['num_retries', -1],
    ['timeout', 0],
    ['stream_timeout', '5'],
    ['fallbacks', 'b'],
    ['fallbacks', [{ messages: [] }]],
    ['context_window_fallbacks', ['wide']],
    ['content_policy_fallbacks', [{ m: [1] }]],
  ])('%s: %j is a 400 that names the field', (field, value) => {
    const read = (): unknown => wishes({ [field]: value });
    expect(read).toThrow(GatewayError);
    expect(read).toThrow(new RegExp(`'${field}'`));
  });

  it('by a header that cannot be read is a 400 too', () => {
    expect(() => wishes({}, { 'x-litellm-timeout': 'soon' })).toThrow(/x-litellm-timeout/);
  });

  it('costs nothing to a body that is no object', () => {
    expect(wishFieldsOf([1])).toBeUndefined();
    expect(wishFieldsOf({ model: 'm' })).toBeUndefined();
  });
});

describe('a request with very much beside its question', () => {
  const crowd = Object.fromEntries(Array.from({ length: 200_000 }, (_, at) => [`k${at}`, 1]));
  const many = Array.from({ length: 400_000 }, (_, at) => `t${at}`);

  it('has only what is read of it picked out', () => {
    const fields = wishFieldsOf({ metadata: { ...crowd, tags: many, session_id: 's' }, tags: many });
    expect(JSON.stringify(fields).length).toBeLessThan(20_000);
    const { tags, session } = readWishes(fields, {});
    expect([tags?.length, tags?.[0], session]).toEqual([32, 't0', 's']);
  });

  it('is told when a list of fallbacks names more groups than are read', () => {
    const body = { context_window_fallbacks: [crowd] };
    expect(() => wishFieldsOf(body)).toThrow("An entry of 'context_window_fallbacks' has at most 1000 members.");
  });
});
