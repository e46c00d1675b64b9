import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

function adoption(number: number): CredentialCommand {
  return {
    name: 'adopt',
    ...target(number),
    fingerprint: `login-${number}`,
    access: 'access',
    sealed: 'sealed',
    expiresAtMs: 0,
    expectedGeneration: 0,
    newGeneration: 1,
    leastGeneration: 0,
    issuedAtMs: 0,
    by: 'file',
    byId: 'test',
  };
}

it('a journal that cannot be written anew fails no command that it has taken, and goes on when the disk is well', async () => {
  // Stands where the new journal is drafted, as a full disk would.
  const obstacle = join(folder, 'credentials.journal.new');
  await read(0);
  mkdirSync(obstacle);
  writeFileSync(join(obstacle, 'file'), '');
  const replies = await Promise.all(Array.from({ length: 1_000 }, (_, number) => store.run(adoption(number))));
  expect(replies.filter(({ kind }) => kind === 'adopted')).toHaveLength(1_000);
  await expect(read(0)).rejects.toMatchObject({ name: 'StateUnavailable' });
  rmSync(obstacle, { recursive: true });
  const kept = await Promise.all([read(0), read(500), read(999)]);
  expect(kept.map(({ record }) => record.fingerprint)).toEqual(['login-0', 'login-500', 'login-999']);
});
