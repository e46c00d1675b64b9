import { readFileSync } from 'node:fs';
import { readNativeRequest } from './native-request';

it('reads model, stream and the compaction trigger of a recorded request', () => {
  const file = `${__dirname}/../../../test/fixtures/codex/responses-http-0.169.0-compaction-v2.json`;
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as { request: { body: Record<string, unknown> } };
  expect(readNativeRequest(recorded.request.body)).toEqual({ model: 'gpt-5.5', stream: true, compactionTrigger: true });
  expect(readNativeRequest({ model: 'm', input: [] })).toEqual({ model: 'm', stream: false, compactionTrigger: false });
});

it('refuses a body that names no model', () => {
  expect(() => readNativeRequest({ input: [] })).toThrow("'model'");
  expect(() => readNativeRequest(null)).toThrow("'body'");
});
