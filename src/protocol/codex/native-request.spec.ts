import { readFileSync } from 'node:fs';
import { GatewayError } from '../../kernel/errors';
import { readNativeRequest } from './native-request';

const read = (json: string) => readNativeRequest(JSON.parse(json) as unknown, Buffer.from(json));

it('reads model, stream and the compaction trigger of a recorded request', () => {
  const file = `${__dirname}/../../../test/fixtures/codex/responses-http-0.169.0-compaction-v2.json`;
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as { request: { body: Record<string, unknown> } };
  const reading = read(JSON.stringify(recorded.request.body));
  expect(reading).toEqual({ model: 'gpt-5.5', stream: true, compactionTrigger: true, serviceTier: undefined });
  expect(read('{"model":"m","input":[]}')).toEqual({
    model: 'm',
    stream: false,
    compactionTrigger: false,
    serviceTier: undefined,
  });
});

it('refuses a body that names no model', () => {
  expect(() => read('{"input":[]}')).toThrow("'model'");
  expect(() => read('null')).toThrow("'body'");
});

it('refuses a body that names two models, however the second is spelled', () => {
  for (const json of ['{"model":"a","model":"b"}', '{"model":"a","input":[],"mode\\u006c":"a"}']) {
    expect(() => read(json)).toThrow(GatewayError);
    expect(() => read(json)).toThrow('more than once');
  }
});

it.each(['service_tier', 'reasoning'])('refuses a body with two %s, which a key may forbid', (key) => {
  expect(() => read(`{"model":"m","${key}":null,"input":[],"${key}":"priority"}`)).toThrow(
    `'${key}' is given more than once`,
  );
  expect(read(`{"model":"m","${key}":null,"input":[{"${key}":1},{"${key}":2}]}`).model).toBe('m');
});
