import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CustomerDirectory } from '../../src/keys/directory/customer-directory';
import { HolderReader } from '../../src/keys/directory/holder-reader';
import { KeyDirectory } from '../../src/keys/directory/key-directory';
import { StateWatch } from '../../src/keys/directory/state-watch';
import { readRules } from '../../src/keys/key-rules';
import { type Actor } from '../../src/keys/management/actor';
import { Management } from '../../src/keys/management/management';
import { MasterKey, MasterKeyAuthenticator } from '../../src/keys/master-key';
import { type Principal } from '../../src/kernel/principal';
import { JournalAuditLog } from '../../src/state/audit/journal-audit-log';
import { type EntityStore } from '../../src/state/entities/entity-store';
import { JournalEntityStore } from '../../src/state/entities/journal-entity-store';
import { eventually } from './login-gateways';
import { MovedClock } from './moved-clock';
import { settingsFor } from './settings-for';
import { type GatewayError } from '../../src/kernel/errors';

export const worldMasterKey = 'sk-master-key-of-the-world-0001';

/** Keys without HTTP: a store, what manages it, and the directories that read it. */
export interface KeyWorld {
  readonly clock: MovedClock;
  readonly store: EntityStore;
  readonly management: Management;
  readonly directory: KeyDirectory;
  readonly customers: CustomerDirectory;
  readonly watch: StateWatch;
  readonly audit: JournalAuditLog;
  /** The operator. */
  readonly admin: Actor;
  /** What the directories told the log. */
  readonly said: readonly string[];
  readonly close: () => Promise<void>;
}

/** What differs from the defaults. */
export interface WorldOptions {
  readonly store?: (clock: MovedClock) => EntityStore;
  readonly settings?: Partial<ReturnType<typeof settingsFor>['keys']>;
  readonly keyPollMs?: number;
  /** False for a store that tells nobody of changes. */
  readonly hears?: boolean;
}

/** Makes one, with a journal in a folder of its own unless a store is given. Close it. */
export async function keyWorld({
  store: storeOf,
  settings = {},
  keyPollMs = 20,
  hears = true,
}: WorldOptions = {}): Promise<KeyWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'key-world-'));
  const clock = new MovedClock();
  const store = storeOf?.(clock) ?? new JournalEntityStore(folder, clock);
  const audit = new JournalAuditLog(folder, 1_000);
  const rules = readRules({ ...settingsFor('http://127.0.0.1:9').keys, ...settings });
  const master = new MasterKeyAuthenticator(new MasterKey(worldMasterKey, undefined));
  const said: string[] = [];
  const logger = { event: (_level: string, message: string) => void said.push(message) };
  const watch = new StateWatch(store, clock, { keyPollMs, keySnapshotMs: 30_000 }, logger);
  const parts = { store, reader: new HolderReader(store), watch, clock, rules, master, logger };
  const directory = new KeyDirectory(parts);
  const customers = new CustomerDirectory(parts);
  watch.start();
  // Whoever begins to listen may have missed something, and is told so: wait for that, so that it does not come later.
  if (hears) await eventually('the store is listened to', () => watch.changes > 0);
  const close = async (): Promise<void> => {
    watch.stop();
    await store.close();
    await audit.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const principal = await directory.authenticate(worldMasterKey);
  if (principal === undefined) throw new Error('the master key is not known');
  const management = new Management(store, audit, rules);
  return {
    clock,
    store,
    management,
    directory,
    customers,
    watch,
    audit,
    admin: { principal, via: 'http' },
    said,
    close,
  };
}

/** The holder of a key, which must be there. */
export async function holderOf({ directory }: Pick<KeyWorld, 'directory'>, secret: string): Promise<Principal> {
  const principal = await directory.authenticate(secret);
  if (principal === undefined) throw new Error('nobody holds that key');
  return principal;
}

/** Whoever holds a key, acting. */
export async function actorWith(world: KeyWorld, secret: string): Promise<Actor> {
  return { principal: await holderOf(world, secret), via: 'http' };
}

/** What a piece of work is refused with. @throws {Error} when it is not. */
export function refusalOf(work: Promise<unknown>): Promise<GatewayError> {
  return work.then(
    () => {
      throw new Error('it was let through');
    },
    (error: unknown) => error as GatewayError,
  );
}

/** What the directory refuses a key with. @throws {Error} when it does not, or has never seen the key. */
export function keyRefusalOf({ directory }: Pick<KeyWorld, 'directory'>, secret: string): Promise<GatewayError> {
  return refusalOf((async () => directory.authenticate(secret))());
}
