import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CredentialCommand, type CredentialReply } from './credential-command';
import { JournalCredentialStore } from './journal-credential-store';

const clock = { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 };
let folder: string;
let store: JournalCredentialStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-store-'));
  store = new JournalCredentialStore(folder, clock);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const target = (number: number) => ({ account: `account-${number}`, lane: 'lane' });
const read = (number: number): Promise<CredentialReply> => store.run({ name: 'read', ...target(number) });

function adoption(number: number, generation = 1): CredentialCommand {
  return {
    name: 'adopt',
    ...target(number),
    fingerprint: `login-${number}-${generation}`,
    access: 'access',
    sealed: 'sealed',
    expiresAtMs: 0,
    expectedGeneration: generation - 1,
    newGeneration: generation,
    leastGeneration: 0,
    issuedAtMs: 0,
    spent: '',
    by: 'file',
    byId: 'test',
  };
}

/** As many logins, each at the generation. */
const everyone = (generation: number, logins: number): Promise<CredentialReply>[] =>
  Array.from({ length: logins }, (_, number) => store.run(adoption(number, generation)));

it('a journal that cannot be written anew fails no command that it has taken, and goes on when the disk is well', async () => {
  // Stands where the new journal is drafted, as a full disk would.
  const obstacle = join(folder, 'credentials.journal.new');
  await read(0);
  mkdirSync(obstacle);
  writeFileSync(join(obstacle, 'file'), '');
  const replies = await Promise.all(everyone(1, 500).concat(everyone(2, 500)));
  expect(replies.filter(({ kind }) => kind === 'adopted')).toHaveLength(1_000);
  await expect(read(0)).rejects.toMatchObject({ name: 'StateUnavailable' });
  rmSync(obstacle, { recursive: true });
  const kept = await Promise.all([read(0), read(250), read(499)]);
  expect(kept.map(({ record }) => record.fingerprint)).toEqual(['login-0-2', 'login-250-2', 'login-499-2']);
});

it('is written anew when half of its lines no longer count, however many logins there are', async () => {
  const inode = () => statSync(join(folder, 'credentials.journal')).ino;
  await read(0);
  const first = inode();
  await Promise.all(everyone(1, 1_500));
  // Every line counts: writing them again would gain nothing, at each further login.
  expect(inode()).toBe(first);
  await Promise.all(everyone(2, 1_499));
  expect(inode()).toBe(first);
  await store.run(adoption(1_499, 2));
  expect(inode()).not.toBe(first);
});
