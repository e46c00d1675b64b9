import { AccountNews } from './account-news';
import { type AccountState } from './refresh/account-state';

const well: AccountState = {
  id: 'one',
  names: ['alice', 'bob'],
  kind: 'chatgpt',
  plan: 'plus',
  accountDigest: undefined,
  expiresAtMs: undefined,
  generation: 1,
  lastRefreshMs: undefined,
  rotatedBy: 'gateway',
  rotatedById: 'host-1',
  state: 'ok',
  advice: undefined,
};
let told: unknown[][];
let news: AccountNews;
const tell = (changes: Partial<AccountState>): void => {
  news.tell([{ ...well, ...changes }]);
};

beforeEach(() => {
  told = [];
  news = new AccountNews({ event: (...words) => void told.push(words) });
});

describe('the log of the logins', () => {
  it('has nothing while all is well', () => {
    for (const state of ['ok', 'expiring', 'refreshing', 'ok'] as const) tell({ state });
    expect(told).toEqual([]);
  });

  it('has a trouble once, through all tries, and its end once', () => {
    for (const state of ['backing_off', 'expiring', 'refreshing', 'backing_off'] as const)
      tell({ state, advice: 'Wait.' });
    tell({});
    tell({});
    expect(told).toEqual([
      ['warn', 'a login could not be renewed; it is tried again', { credential: 'alice, bob', advice: 'Wait.' }],
      ['info', 'a login is well again', { credential: 'alice, bob' }],
    ]);
  });

  it('has what a person has to do when a login is dead, also when it was found so at the start', () => {
    tell({ state: 'quarantined', advice: 'Run login again.' });
    tell({ state: 'quarantined', advice: 'Run login again.' });
    expect(told).toEqual([
      ['error', 'a login cannot be used any more', { credential: 'alice, bob', advice: 'Run login again.' }],
    ]);
  });

  it('has a trouble again when a login comes back that the settings did not name for a while', () => {
    tell({ state: 'unusable' });
    news.tell([]);
    tell({ state: 'unusable' });
    expect(told.map(([, message]) => message)).toEqual(['there is no login to use', 'there is no login to use']);
  });

  it('names who renewed a login: this installation, or another program through the file', () => {
    tell({});
    tell({ generation: 2, rotatedById: 'host-2' });
    tell({ generation: 3, rotatedBy: 'file', rotatedById: 'host-1' });
    expect(told).toEqual([
      ['info', 'a login was renewed', { credential: 'alice, bob', generation: 2, by: 'gateway', byId: 'host-2' }],
      ['info', 'a login was renewed', { credential: 'alice, bob', generation: 3, by: 'file', byId: 'host-1' }],
    ]);
  });
});
