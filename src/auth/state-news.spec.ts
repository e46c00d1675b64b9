import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../config/system-clock';
import { JournalCredentialStore } from '../state/credentials/journal-credential-store';
import { StateUnavailable } from '../state/state-unavailable';
import { HeardCredentialStore, StateNews } from './state-news';

const read = { name: 'read', account: 'any', lane: 'any' } as const;
let folder: string;
let stateDir: string;
let told: unknown[][];
let news: StateNews;
let journal: JournalCredentialStore;
let heard: HeardCredentialStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-news-'));
  stateDir = join(folder, 'state');
  told = [];
  news = new StateNews({ event: (...words) => void told.push(words) }, { redis: undefined, stateDir });
  journal = new JournalCredentialStore(stateDir, new SystemClock());
  heard = new HeardCredentialStore(journal, news);
});
afterEach(async () => {
  await heard.close();
  rmSync(folder, { recursive: true });
});

const line = (message: string, reason: string): unknown[] => [
  'error',
  expect.stringContaining(message),
  expect.objectContaining({ code: 'state_unavailable', reason, folder: stateDir }),
];
const again = ['info', 'the state of the logins can be used again', {}];

describe('the log of the state', () => {
  it('has nothing while all is well', async () => {
    await heard.run(read);
    expect([told, news.isUnavailable]).toEqual([[], false]);
  });

  it('says once that STATE_DIR cannot be written, and once that it can again', async () => {
    writeFileSync(stateDir, 'a file where the folder belongs');
    await expect(heard.run(read)).rejects.toThrow(StateUnavailable);
    await expect(heard.run(read)).rejects.toThrow(StateUnavailable);
    expect([told, news.isUnavailable]).toEqual([[line('STATE_DIR cannot be written', 'EEXIST')], true]);
    rmSync(stateDir);
    await heard.run(read);
    await heard.run(read);
    expect([told.slice(1), news.isUnavailable]).toEqual([[again], false]);
  });

  it('has nothing of who asks after the end, as a login that was still being read when the start failed', async () => {
    await heard.close();
    await expect(heard.run(read)).rejects.toThrow(StateUnavailable);
    expect(told).toEqual([]);
  });

  it('says that STATE_DIR belongs to another running gateway, until that one has ended', async () => {
    const other = new JournalCredentialStore(stateDir, new SystemClock());
    await other.run(read);
    await expect(heard.run(read)).rejects.toThrow(StateUnavailable);
    await other.close();
    await heard.run(read);
    expect(told).toEqual([line('belongs to another running gateway', 'offline'), again]);
  });

  it('tells a damaged journal from a folder that cannot be written', async () => {
    mkdirSync(stateDir);
    writeFileSync(join(stateDir, 'credentials.journal'), 'nonsense\n');
    await expect(heard.run(read)).rejects.toThrow(StateUnavailable);
    expect(told).toEqual([line('The journal of logins in STATE_DIR cannot be read', 'connection')]);
  });

  it('says of a missing seal key only what the folder has not said already', async () => {
    const noKey = (): Promise<never> => Promise.reject(new StateUnavailable('offline'));
    await expect(news.hear('key', noKey)).rejects.toThrow(StateUnavailable);
    expect(told).toEqual([line('STATE_DIR holds no key that seals logins', 'offline')]);
    await news.hear('key', () => Promise.resolve());
    writeFileSync(stateDir, '');
    await expect(heard.run(read)).rejects.toThrow(StateUnavailable);
    await expect(news.hear('key', noKey)).rejects.toThrow(StateUnavailable);
    expect(told.slice(1)).toEqual([again, line('STATE_DIR cannot be written', 'EEXIST')]);
  });

  it('lets faults of another kind pass unheard', async () => {
    await expect(news.hear('store', () => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
    expect(told).toEqual([]);
  });
});
