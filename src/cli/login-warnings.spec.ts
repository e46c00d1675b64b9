import { type AccountState } from '../auth/refresh/account-state';
import { settingsFor } from '../../test/support/settings-for';
import { type Credential } from '../config/deployment';
import { loginWarnings } from './login-warnings';

const state = (condition: AccountState['state'], name: string): AccountState => ({
  id: name,
  names: [name],
  kind: 'chatgpt',
  plan: undefined,
  accountDigest: undefined,
  expiresAtMs: undefined,
  generation: 0,
  lastRefreshMs: undefined,
  rotatedBy: '',
  rotatedById: '',
  state: condition,
  advice: undefined,
});

function warningsOf(source: Credential['source'], condition: AccountState['state'], isStateUnavailable = false) {
  const defaultCredential = { name: 'seat', source };
  const tokens = { isStateUnavailable, lookNow: () => Promise.resolve([state(condition, 'seat')]) };
  return loginWarnings(tokens, settingsFor('http://127.0.0.1:9', { rest: { defaultCredential } }));
}

const file = { kind: 'auth_file', path: '/srv/codex/auth.json' } as const;
const named = { kind: 'stored_login', name: 'team' } as const;

describe('the warnings of a start about its logins', () => {
  it('name a file without a login and every command that makes one', async () => {
    expect(await warningsOf(file, 'unusable')).toEqual([
      expect.stringMatching(/\/srv\/codex\/auth\.json .*'seat'.*`node dist\/main\.js login`.*`npm start -- login`/),
    ]);
  });

  it('name a login that the state has not, unless the state cannot be asked', async () => {
    expect(await warningsOf(named, 'unusable')).toEqual([expect.stringContaining('login --name team --store`')]);
    expect(await warningsOf(named, 'unusable', true)).toEqual([]);
  });

  it('are none for logins that serve, and for tokens and keys', async () => {
    expect(await warningsOf(file, 'ok')).toEqual([]);
    expect(await warningsOf(file, 'quarantined')).toEqual([]);
    expect(await warningsOf({ kind: 'api_key', key: 'k' }, 'unusable')).toEqual([]);
  });
});
