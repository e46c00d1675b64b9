import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../test/simulator/accounts';
import { type AuthFileShape, makeAuthFile } from '../../test/simulator/auth-file';
import { readAuthFile } from './auth-file';

const folder = mkdtempSync(join(tmpdir(), 'auth-file-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function written(shape: AuthFileShape, extra = {}) {
  const made = makeAuthFile(new Accounts(), folder, { shape, ...extra });
  return { ...made, read: readAuthFile(readFileSync(made.path, 'utf8')) };
}

describe('a login file', () => {
  it.each(['current', 'without-account', 'old', 'nested', 'flat', 'litellm', 'cliproxy'] as const)(
    'of shape %s gives bearer, refresh token, account and expiry',
    (shape) => {
      const { read, login } = written(shape);
      expect(read).toMatchObject({
        accessToken: login.accessToken,
        refreshToken: login.refreshToken,
        accountId: login.accountId,
        expiresAtMs: login.expiresAt * 1000,
        apiKey: undefined,
        isFedramp: false,
      });
    },
  );

  it('tells a FedRAMP account by its claims', () => {
    expect(written('current', { isFedramp: true }).read.isFedramp).toBe(true);
  });

  it('with an API key is that key', () => {
    const { read, bearer } = written('apikey');
    expect(read).toMatchObject({ apiKey: bearer, accessToken: undefined });
  });

  it('with a personal access token is that token', () => {
    const { read, bearer } = written('personal');
    expect(read).toMatchObject({ personalToken: bearer, accessToken: undefined });
  });

  it('in ChatGPT mode uses the login even beside an API key', () => {
    const { read, login } = written('current', { extra: { OPENAI_API_KEY: 'sk-beside' } });
    expect(read).toMatchObject({ accessToken: login.accessToken, apiKey: undefined });
  });

  it('takes expires_at in seconds, milliseconds and text when the token does not say', () => {
    const at = (expires: unknown) =>
      readAuthFile(JSON.stringify({ access_token: 'opaque', expires_at: expires })).expiresAtMs;
    expect(at(1_800_000_000)).toBe(1_800_000_000_000);
    expect(at(1_800_000_000_000)).toBe(1_800_000_000_000);
    expect(at('1800000000')).toBe(1_800_000_000_000);
    expect(at('2027-01-15T08:00:00Z')).toBe(1_800_000_000_000);
    expect(at('soon')).toBeUndefined();
  });

  it('takes the expiry of a token only when it is a date, in whole milliseconds', () => {
    const ending = (exp: unknown) => {
      const parts = ['{"alg":"none"}', JSON.stringify({ exp }), 'x'].map((part) =>
        Buffer.from(part).toString('base64url'),
      );
      return readAuthFile(JSON.stringify({ access_token: parts.join('.') })).expiresAtMs;
    };
    expect(ending(1_800_000_000.1234567)).toBe(1_800_000_000_123);
    expect([ending(-5), ending(0), ending(1e300), ending('soon')]).toEqual(Array(4).fill(undefined));
    const at = (expires: unknown) =>
      readAuthFile(JSON.stringify({ access_token: 'opaque', expires_at: expires })).expiresAtMs;
    expect([at(1e300), at('1e30'), at(-1), at('1960-01-01T00:00:00Z')]).toEqual(Array(4).fill(undefined));
  });

  it.each([
    ['{"tokens": {"access_token": "se', 'is not valid JSON'],
    ['', 'is not valid JSON'],
    ['[]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['{"OPENAI_API_KEY":null,"tokens":null}', 'holds no access token and no API key'],
    ['{"tokens":{"access_token":""}}', 'holds no access token and no API key'],
    ['{"tokens":{"access_token":7}}', 'holds no access token and no API key'],
  ])('that says %s is refused without quoting it', (text, reason) => {
    expect(() => readAuthFile(text)).toThrow(new RegExp(`^${reason}$`));
  });
});
