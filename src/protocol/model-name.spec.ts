import { createHash } from 'node:crypto';
import { GatewayError } from '../kernel/errors';
import { chatToCanonical } from './chat/chat-to-canonical';
import { readNativeRequest } from './codex/native-request';
import { type MappingOptions } from './mapping-options';
import { longestModelName } from './model-name';
import { responsesToCanonical } from './responses/responses-to-canonical';

const options: MappingOptions = {
  dropParams: false,
  maxImageBytes: 1_000,
  alwaysIncludeStreamUsage: false,
  hash: (text) => createHash('sha256').update(text).digest('hex'),
};

const readers: readonly (readonly [string, (model: string) => string])[] = [
  ['chat', (model) => chatToCanonical({ model, messages: [{ role: 'user', content: 'Hi' }] }, options).canonical.model],
  ['responses', (model) => responsesToCanonical({ model, input: 'Hi' }, options).canonical.model],
  ['native', (model) => readNativeRequest({ model, input: [] }, Buffer.from(JSON.stringify({ model }))).model],
];

function refusalOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

describe.each(readers)('the model name of a %s request', (_, read) => {
  it('may have 256 characters and no more, and the refusal names the limit', () => {
    expect(longestModelName).toBe(256);
    const longest = 'm'.repeat(256);
    expect(read(longest)).toBe(longest);
    const error = refusalOf(() => read(`${longest}m`));
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({
      status: 400,
      param: 'model',
      message: expect.stringContaining('256 characters') as string,
    });
  });

  it('does not come back in the refusal', () => {
    expect(String(refusalOf(() => read('secret'.repeat(100))))).toMatch(/^GatewayError: (?!.*secret)/);
  });

  it('is Unicode text: half of a pair is refused, a whole pair is not', () => {
    expect(read('modèle-🌍')).toBe('modèle-🌍');
    for (const half of ['gpt-\ud83c', '\udf0d-gpt']) {
      expect(refusalOf(() => read(half))).toMatchObject({ status: 400, param: 'model' });
    }
  });
});
