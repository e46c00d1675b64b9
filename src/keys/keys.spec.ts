import { createHash } from 'node:crypto';
import { carriedKey } from './key-carrier';
import { MasterKey, MasterKeyAuthenticator } from './master-key';

describe('carriedKey', () => {
  it('takes the first carrier in the order of the contract', () => {
    const all = {
      'x-team-key': 'sk-named',
      'x-litellm-api-key': 'sk-litellm',
      'x-api-key': 'sk-x',
      'api-key': 'sk-azure',
      authorization: 'Bearer sk-bearer',
    };
    const taken: (string | undefined)[] = [];
    const left: Record<string, string | undefined> = { ...all };
    for (const name of Object.keys(all)) {
      taken.push(carriedKey(left, 'x-team-key'));
      left[name] = undefined;
    }
    expect(taken).toEqual(['sk-named', 'sk-litellm', 'sk-x', 'sk-azure', 'sk-bearer']);
    expect(carriedKey(left, 'x-team-key')).toBeUndefined();
  });

  it('takes Bearer off in any spelling and under any header', () => {
    expect(carriedKey({ 'x-api-key': 'bearer  sk-a' }, undefined)).toBe('sk-a');
    expect(carriedKey({ authorization: 'sk-plain' }, undefined)).toBe('sk-plain');
  });

  it.each(['', '   ', 'Bearer', 'Bearer '])('sees no key in %j', (value) => {
    expect(carriedKey({ authorization: value }, undefined)).toBeUndefined();
  });

  it('ignores the named header when none is named', () => {
    expect(carriedKey({ 'x-team-key': 'sk-a' }, undefined)).toBeUndefined();
  });
});

describe('MasterKeyAuthenticator', () => {
  const secret = 'sk-master-0123456789abcdef';
  const keys = new MasterKeyAuthenticator(new MasterKey(secret, undefined));

  it('knows the master key by its digest and never carries the key', () => {
    const principal = keys.authenticate(secret);
    expect(principal).toMatchObject({ kind: 'master', keyHash: createHash('sha256').update(secret).digest('hex') });
    expect(JSON.stringify(principal)).not.toContain(secret);
  });

  it.each([
    `${secret}x`,
    secret.slice(0, -1),
    secret.toUpperCase(),
    '',
    'eyJhbGciOiJub25lIn0.e30.x',
    'x'.repeat(100_000),
  ])('knows nobody else', (other) => {
    expect(keys.authenticate(other)).toBeUndefined();
  });
});
