import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalCredentialStore } from '../../state/credentials/journal-credential-store';
import { Keyring } from '../../state/credentials/keyring';
import { LoginFiles } from '../login-files';
import { type HeldLogin, loginOfFile } from './held-login';
import { LoginVault } from './login-vault';

const nowMs = 1_800_000_000_000;
const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
let folder: string;
let store: JournalCredentialStore;
let vault: LoginVault;

function open(): void {
  store = new JournalCredentialStore(join(folder, 'state'), clock);
  vault = new LoginVault(store, new Keyring({ saltKey: 'a salt key', previousSaltKeys: [], stateDir: folder }), 'test');
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-vault-'));
  open();
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function loginIn(document: object): Promise<HeldLogin> {
  const path = join(folder, 'auth.json');
  writeFileSync(path, JSON.stringify(document));
  const login = loginOfFile(await new LoginFiles().read(path));
  if (login === undefined) throw new Error('the document holds no login');
  return login;
}

const jwtEnding = (exp: number): string =>
  ['{"alg":"none"}', JSON.stringify({ exp }), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');

describe('a login offered to the state', () => {
  it.each([
    ['ends at a fraction of a millisecond', { access_token: jwtEnding(1_900_000_000.1234567), refresh_token: 'r' }],
    ['ends before 1970', { access_token: jwtEnding(-5), refresh_token: 'r' }],
    ['ends after the last date', { access_token: jwtEnding(1e300), refresh_token: 'r' }],
    ['was renewed after the last date', { access_token: 'a', refresh_token: 'r', last_refresh: 1e300 }],
  ])('that says it %s leaves a state that the next start can read', async (_, document) => {
    expect((await vault.offer('account', await loginIn(document))).kind).toBe('adopted');
    await store.close();
    open();
    expect((await vault.read('account')).login?.pair.refreshToken).toBe('r');
  });

  it('by a clock that ran ahead gives way to the next login', async () => {
    const ahead = { access_token: 'a1', refresh_token: 'r1', last_refresh: new Date(nowMs + 86_400_000) };
    expect((await vault.offer('account', await loginIn(ahead))).record.rotatedAtMs).toBe(nowMs);
    const next = { access_token: 'a2', refresh_token: 'r2', last_refresh: new Date(nowMs) };
    expect((await vault.offer('account', await loginIn(next))).kind).toBe('adopted');
  });
});
