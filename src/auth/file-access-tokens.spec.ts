import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../test/simulator/accounts';
import { makeAuthFile } from '../../test/simulator/auth-file';
import { type Credential } from '../config/deployment';
import { Clock } from '../kernel/clock';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { FileAccessTokens } from './file-access-tokens';
import { type Identity, TokenIdentity } from './token-identity';

class MovedClock extends Clock {
  aheadMs = 0;
  override nowMs(): number {
    return Date.now() + this.aheadMs;
  }
  override monotonicMs(): number {
    return this.nowMs();
  }
}

class FakeIdentity extends TokenIdentity {
  asked = 0;
  answer: Identity | Error = { accountId: 'account-of-token', isFedramp: true };
  override identify(): Promise<Identity> {
    this.asked += 1;
    return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
  }
}

let folder: string;
let clock: MovedClock;
let identity: FakeIdentity;
let tokens: FileAccessTokens;
let path: string;
let credential: Credential;
const accounts = new Accounts();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'access-tokens-'));
  clock = new MovedClock();
  identity = new FakeIdentity();
  tokens = new FileAccessTokens(clock, identity);
  path = join(folder, 'auth.json');
  credential = { name: 'default', source: { kind: 'auth_file', path } };
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** As the CLI does it: a new file renamed over the old one. */
function replaceLogin(expiresInSeconds = 3_600) {
  const made = makeAuthFile(accounts, folder, { fileName: 'new.json', expiresInSeconds });
  renameSync(made.path, path);
  return made.login;
}

describe('a login in a file', () => {
  it('gives bearer and account, and the same value while nothing changes', async () => {
    const login = replaceLogin();
    const token = await tokens.forCredential(credential);
    expect(token).toEqual({ bearer: login.accessToken, accountId: login.accountId, isFedramp: false });
    clock.aheadMs += 5_000;
    expect(await tokens.forCredential(credential)).toBe(token);
  });

  it('is not looked at again within a second, and is after it', async () => {
    const first = replaceLogin();
    expect((await tokens.forCredential(credential)).bearer).toBe(first.accessToken);
    const second = replaceLogin(7_200);
    expect((await tokens.forCredential(credential)).bearer).toBe(first.accessToken);
    clock.aheadMs += 1_001;
    expect((await tokens.forCredential(credential)).bearer).toBe(second.accessToken);
  });

  it('that has run out is a 503 which says when and what to do', async () => {
    const login = replaceLogin(60);
    await tokens.forCredential(credential);
    clock.aheadMs += 61_000;
    const failing = tokens.forCredential(credential);
    await expect(failing).rejects.toMatchObject({ status: 503, type: 'upstream_authentication_error' });
    await expect(failing).rejects.toThrow(new Date(login.expiresAt * 1000).toISOString());
    await expect(failing).rejects.toThrow(/auth\.json.*codex login/);
  });

  it('that is missing, torn or empty is a 503 without content or folder, and heals by itself', async () => {
    await expect(tokens.forCredential(credential)).rejects.toThrow(/'auth\.json' does not exist.*codex login/);
    clock.aheadMs += 1_001;
    writeFileSync(path, '{"tokens":{"access_token":"top-secret');
    const torn = await tokens.forCredential(credential).catch((error: unknown) => error as Error);
    expect(torn).toMatchObject({ status: 503, message: expect.stringMatching(/is not valid JSON/) as string });
    expect(JSON.stringify(torn) + (torn as Error).message).not.toMatch(/top-secret|access-tokens-/);
    clock.aheadMs += 1_001;
    const login = replaceLogin();
    expect((await tokens.forCredential(credential)).bearer).toBe(login.accessToken);
  });

  it('that upstream rejected is worth another try only when the file holds a new token', async () => {
    replaceLogin();
    const token = await tokens.forCredential(credential);
    expect(await tokens.rejected(credential, token)).toBe(false);
    const renewed = replaceLogin(7_200);
    expect(await tokens.rejected(credential, token)).toBe(true);
    expect((await tokens.forCredential(credential)).bearer).toBe(renewed.accessToken);
    rmSync(path);
    expect(await tokens.rejected(credential, token)).toBe(false);
  });

  it('is usable by other calls while it is read again', async () => {
    const login = replaceLogin();
    const token = await tokens.forCredential(credential);
    const [, during] = await Promise.all([tokens.rejected(credential, token), tokens.forCredential(credential)]);
    expect(during.bearer).toBe(login.accessToken);
  });
});

describe('a credential in the settings', () => {
  it('that is an API key is sent as it is', async () => {
    const token = await tokens.forCredential({ name: 'k', source: { kind: 'api_key', key: 'sk-1' } });
    expect(token).toEqual({ bearer: 'sk-1', accountId: undefined, isFedramp: false });
  });

  it('that is an access token is matched to its account once', async () => {
    const own: Credential = { name: 'ws', source: { kind: 'access_token', token: 'at-1' } };
    const [token] = await Promise.all([tokens.forCredential(own), tokens.forCredential(own)]);
    expect(token).toEqual({ bearer: 'at-1', accountId: 'account-of-token', isFedramp: true });
    await tokens.forCredential(own);
    expect(identity.asked).toBe(1);
    expect(await tokens.rejected(own, token)).toBe(false);
    await tokens.forCredential(own);
    expect(identity.asked).toBe(2);
  });

  it('that no account can be found for is a 503 naming the credential, not asked for again at once', async () => {
    identity.answer = new UpstreamFailure({ kind: 'unauthorized', message: 'The login was refused.' });
    const own: Credential = { name: 'ws', source: { kind: 'access_token', token: 'at-secret' } };
    const failing = tokens.forCredential(own);
    await expect(failing).rejects.toMatchObject({ status: 503, type: 'upstream_authentication_error' });
    await expect(failing).rejects.toThrow(/'ws'/);
    await expect(failing).rejects.not.toThrow(/at-secret/);
    await expect(tokens.forCredential(own)).rejects.toThrow();
    expect(identity.asked).toBe(1);
  });

  it('that is a personal token in a login file is matched to its account too', async () => {
    const { bearer } = makeAuthFile(accounts, folder, { shape: 'personal' });
    expect(await tokens.forCredential(credential)).toEqual({ bearer, accountId: 'account-of-token', isFedramp: true });
  });
});
