import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts, type Login } from '../../test/simulator/accounts';
import { type AuthFileShape, makeAuthFile } from '../../test/simulator/auth-file';
import { fingerprintOf, LoginFiles, type TokenPair, UnwritableLogin } from './login-files';
import { fail } from './login-files-replace';

const nowMs = Date.parse('2026-11-21T10:00:00.000Z');
const accounts = new Accounts();
const files = new LoginFiles();
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-files-'));
  path = join(folder, 'auth.json');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const pairOf = ({ accessToken, refreshToken, idToken }: Login): TokenPair => ({ accessToken, refreshToken, idToken });
const onDisk = (file = path) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
const modeOf = (file: string) => statSync(file).mode & 0o777;

/** The next generation of a login, as the token endpoint gives it. */
function rotated(login: Login): Login {
  const verdict = accounts.refresh(login.refreshToken);
  if (verdict.kind !== 'rotated') throw new Error(verdict.kind);
  return verdict.login;
}

async function rotate(login: Login, file = path) {
  const next = rotated(login);
  const { fingerprint } = await files.read(file);
  return { next, outcome: await files.write(file, { replaces: fingerprint, pair: pairOf(next), nowMs }) };
}

describe('a rotated login', () => {
  it.each(['current', 'without-account', 'old', 'nested', 'flat', 'litellm', 'cliproxy'] as const)(
    'goes into a file of shape %s, where every tool finds it again and nothing else changes',
    async (shape: AuthFileShape) => {
      const { login } = makeAuthFile(accounts, folder, { shape, extra: { note: { by: ['us', 7] }, zero: 0 } });
      const before = onDisk();
      const { next, outcome } = await rotate(login);
      expect(outcome).toBe('written');
      expect(await files.read(path)).toMatchObject({
        ...pairOf(next),
        accountId: login.accountId,
        expiresAtMs: next.expiresAt * 1000,
        lastRefreshMs: nowMs,
        fingerprint: fingerprintOf({ ...pairOf(next), apiKey: undefined, personalToken: undefined }),
      });
      const place = shape === 'nested' ? 'chatgpt' : ['current', 'without-account', 'old'].includes(shape) && 'tokens';
      const tokens = (document: Record<string, unknown>) =>
        (place === false ? document : document[place]) as Record<string, unknown>;
      const after = onDisk();
      expect(after).toMatchObject({ note: { by: ['us', 7] }, zero: 0, last_refresh: '2026-11-21T10:00:00.000Z' });
      expect(tokens(after)['account_id']).toBe(login.accountId);
      const added = ['id_token', 'account_id', 'last_refresh'];
      expect(Object.keys(after).filter((key) => !added.includes(key))).toEqual(
        Object.keys(before).filter((key) => !added.includes(key)),
      );
      if (tokens(before)['expires_at'] !== undefined) expect(tokens(after)['expires_at']).toBe(next.expiresAt);
      if (before['expired'] !== undefined) expect(Date.parse(String(after['expired']))).toBe(next.expiresAt * 1000);
      expect(modeOf(path)).toBe(0o600);
    },
  );

  it('leaves members inside the tokens alone that nobody knows', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const document = onDisk();
    writeFileSync(path, JSON.stringify({ ...document, tokens: { ...(document['tokens'] as object), workspace: [1] } }));
    await rotate(login);
    expect(onDisk()['tokens']).toMatchObject({ workspace: [1] });
  });

  it('keeps the stored id and refresh token when the answer brought none', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const { accessToken } = rotated(login);
    const { fingerprint } = await files.read(path);
    const pair = { accessToken, refreshToken: undefined, idToken: undefined };
    expect(await files.write(path, { replaces: fingerprint, pair, nowMs })).toBe('written');
    expect(await files.read(path)).toMatchObject({ ...pairOf(login), accessToken, fingerprint });
  });

  it('never puts an id token into the file for which the CLI would refuse all of it', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const { fingerprint } = await files.read(path);
    const pair = { accessToken: 'opaque', refreshToken: 'next', idToken: 'no-jwt' };
    await files.write(path, { replaces: fingerprint, pair, nowMs });
    expect(await files.read(path)).toMatchObject({ accessToken: 'opaque', idToken: login.idToken });
  });

  it('without a known end does not inherit the end of the token before', async () => {
    makeAuthFile(accounts, folder, { shape: 'litellm', expiresInSeconds: -60 });
    const { fingerprint } = await files.read(path);
    const pair = { accessToken: 'opaque', refreshToken: 'next', idToken: undefined };
    await files.write(path, { replaces: fingerprint, pair, nowMs });
    expect(await files.read(path)).toMatchObject({ accessToken: 'opaque', expiresAtMs: undefined });
  });

  it('is not written over a login that somebody else put there', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const { fingerprint } = await files.read(path);
    const { login: foreign } = makeAuthFile(accounts, folder);
    const before = readFileSync(path, 'utf8');
    expect(await files.write(path, { replaces: fingerprint, pair: pairOf(rotated(login)), nowMs })).toBe('changed');
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(await files.read(path)).toMatchObject(pairOf(foreign));
    expect(readdirSync(folder).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });

  it.each([
    ['is gone', undefined],
    ['was logged out', '{"auth_mode":"chatgpt","OPENAI_API_KEY":null,"tokens":null}'],
    ['now holds an API key', '{"auth_mode":"apikey","OPENAI_API_KEY":"sk-now"}'],
    ['is no object any more', '[]'],
  ])('is not written into a file that %s', async (_, text) => {
    const { login } = makeAuthFile(accounts, folder);
    const { fingerprint } = await files.read(path);
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    expect(await files.write(path, { replaces: fingerprint, pair: pairOf(login), nowMs })).toBe('changed');
    expect(existsSync(path) ? readFileSync(path, 'utf8') : undefined).toBe(text);
  });

  it('waits for its turn while another program has written half a file', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const { fingerprint } = await files.read(path);
    writeFileSync(path, '{"tokens": {"access_token": "top-secret');
    const failing = files.write(path, { replaces: fingerprint, pair: pairOf(login), nowMs });
    await expect(failing).rejects.toMatchObject({ reason: 'other', message: 'is being written by another program' });
    expect(readFileSync(path, 'utf8')).toBe('{"tokens": {"access_token": "top-secret');
  });

  it('may be saved twice: the second time finds it there', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const { fingerprint } = await files.read(path);
    const update = { replaces: fingerprint, pair: pairOf(rotated(login)), nowMs };
    expect(await files.write(path, update)).toBe('written');
    const { ino } = statSync(path);
    expect(await files.write(path, update)).toBe('written');
    expect(statSync(path).ino).toBe(ino);
  });

  it('wins once when many save at the same time', async () => {
    makeAuthFile(accounts, folder);
    const { fingerprint } = await files.read(path);
    const pairs = Array.from({ length: 8 }, (_, n) => ({
      accessToken: `a${n}`,
      refreshToken: `r${n}`,
      idToken: undefined,
    }));
    const other = new LoginFiles();
    const outcomes = await Promise.all(
      pairs.map((pair, n) => (n % 2 === 0 ? files : other).write(path, { replaces: fingerprint, pair, nowMs })),
    );
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    const { accessToken, refreshToken } = await files.read(path);
    expect(pairs[outcomes.indexOf('written')]).toMatchObject({ accessToken, refreshToken });
  });

  it('closes a file that others could read', async () => {
    const { login } = makeAuthFile(accounts, folder);
    chmodSync(path, 0o644);
    await rotate(login);
    expect(modeOf(path)).toBe(0o600);
  });

  it('goes to where a symlink leads, which stays a symlink', async () => {
    mkdirSync(join(folder, 'real'));
    const { login, path: real } = makeAuthFile(accounts, join(folder, 'real'));
    symlinkSync(real, path);
    const { next } = await rotate(login);
    expect(statSync(path).ino).toBe(statSync(real).ino);
    expect(readFileSync(real, 'utf8')).toContain(next.refreshToken);
    expect(modeOf(real)).toBe(0o600);
  });

  it('takes away the drafts of processes that died, and only those', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const dead = `.auth.json.${'0a'.repeat(12)}.draft`;
    for (const name of [dead, '.auth-XyZ123', 'auth.json.draft']) writeFileSync(join(folder, name), 'refresh');
    await rotate(login);
    const left = readdirSync(folder);
    expect(left).toEqual(expect.arrayContaining(['.auth-XyZ123', 'auth.json.draft']));
    expect(left).not.toContain(dead);
  });

  it('is refused without an access token', async () => {
    makeAuthFile(accounts, folder);
    const pair = { accessToken: '', refreshToken: 'r', idToken: undefined };
    await expect(files.write(path, { replaces: 'x', pair, nowMs })).rejects.toThrow(TypeError);
  });
});

describe('a new login', () => {
  it('makes its folder, replaces whatever was there and has the shape of the CLI', async () => {
    const file = join(folder, 'team', 'auth.json');
    const login = accounts.mint();
    await files.install(file, pairOf(login), nowMs);
    expect(onDisk(file)).toEqual({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      tokens: {
        id_token: login.idToken,
        access_token: login.accessToken,
        refresh_token: login.refreshToken,
        account_id: login.accountId,
      },
      last_refresh: '2026-11-21T10:00:00.000Z',
    });
    expect([modeOf(join(folder, 'team')), modeOf(file)]).toEqual([0o700, 0o600]);
    writeFileSync(file, '{torn');
    await files.install(file, pairOf(login), nowMs);
    expect(await files.read(file)).toMatchObject(pairOf(login));
  });
});

describe('a login that is removed', () => {
  it('is gone with its symlink and its drafts, and may be removed again', async () => {
    mkdirSync(join(folder, 'real'));
    const { path: real } = makeAuthFile(accounts, join(folder, 'real'));
    symlinkSync(real, path);
    const draft = join(folder, 'real', `.auth.json.${'0a'.repeat(12)}.draft`);
    writeFileSync(draft, 'refresh');
    // Its clock was ahead, or is just a fraction of a millisecond finer than ours.
    utimesSync(draft, new Date(), new Date(Date.now() + 3_600_000));
    await files.remove(path);
    expect([readdirSync(join(folder, 'real')), existsSync(path)]).toEqual([[], false]);
    await files.remove(path);
  });
});

describe('reading', () => {
  it('takes the nanoseconds of the CLI and a byte order mark', async () => {
    makeAuthFile(accounts, folder, { lastRefresh: '2026-11-20T20:33:44.432972963Z' });
    writeFileSync(path, `\uFEFF${readFileSync(path, 'utf8')}`);
    expect((await files.read(path)).lastRefreshMs).toBe(Date.parse('2026-11-20T20:33:44.432Z'));
  });

  it('waits a moment for a file that is being written in place', async () => {
    const { login } = makeAuthFile(accounts, folder);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.slice(0, 40));
    const reading = files.read(path);
    setTimeout(() => {
      writeFileSync(path, whole);
    }, 30);
    expect((await reading).refreshToken).toBe(login.refreshToken);
  });

  it.each([
    ['missing', () => path, /^does not exist$/],
    ['missing', () => join(path, 'deeper'), /^does not exist$/],
    ['other', () => folder, /^is a directory$/],
    ['empty', () => written('{}'), /^holds no access token and no API key$/],
    ['torn', () => written('{"tokens":{"refresh_token":"top-secret'), /^is not valid JSON$/],
  ])('says that a file is %s without quoting it', async (kind, at, message) => {
    await expect(files.read(at())).rejects.toMatchObject({ kind, message: expect.stringMatching(message) as string });
  });

  it('tells logins apart by what rotates', async () => {
    const { bearer } = makeAuthFile(accounts, folder, { shape: 'personal' });
    const personal = await files.read(path);
    makeAuthFile(accounts, folder, { shape: 'apikey' });
    const key = await files.read(path);
    expect(personal.personalToken).toBe(bearer);
    expect(personal.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(key.fingerprint).not.toBe(personal.fingerprint);
  });

  function written(text: string): string {
    writeFileSync(path, text);
    return path;
  }
});

describe('what the system says about a write', () => {
  it.each([
    ['EROFS', 'read_only'],
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['EBUSY', 'busy_mount'],
    ['EACCES', 'denied'],
    ['EPERM', 'denied'],
    ['EIO', 'other'],
  ])('%s means %s, in words without a path', (code, reason) => {
    const error = Object.assign(new Error(`${code}: rename '/secret/place/auth.json'`), { code });
    expect(() => fail(error)).toThrow(UnwritableLogin);
    expect(() => fail(error)).toThrow(expect.objectContaining({ reason }) as Error);
    expect(() => fail(error)).not.toThrow(/secret/);
  });
});
