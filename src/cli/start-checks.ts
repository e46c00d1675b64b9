import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ConfigFault, type Fault } from '../config/config-fault';
import { type Settings } from '../config/settings';
import { errorCode } from '../kernel/error-code';
import { makeFolder } from '../state/make-folder';
import { StateDir } from '../state/state-dir';

/** @throws {ConfigFault} naming every folder that must be writable and is not. */
export async function refuseBadPlaces(settings: Settings): Promise<void> {
  const faults = await placeFaults(settings);
  if (faults.length > 0) throw new ConfigFault(faults);
}

/** Folders that the gateway writes to, tried for real: rights alone do not tell of a full or read-only file system. */
export async function placeFaults({
  stateDir,
  cacheDir,
  redis,
}: Pick<Settings, 'stateDir' | 'cacheDir' | 'redis'>): Promise<readonly Fault[]> {
  const cache = { name: 'CODEX_CACHE_DIR', path: cacheDir, make: () => makeFolder(cacheDir) };
  const hasOwnCache = redis === undefined && !cacheDir.startsWith(stateDir + sep);
  const places = [
    { name: 'STATE_DIR', path: stateDir, make: () => new StateDir(stateDir).ensure() },
    ...(hasOwnCache ? [cache] : []),
  ];
  const found = await Promise.all(
    places.map(async ({ name, path, make }): Promise<readonly Fault[]> => {
      const trouble = await troubleOf(path, make);
      if (trouble === undefined) return [];
      const message = `the folder ${path} cannot be written (${trouble}): make it writable for this user, or name another`;
      return [{ place: `environment ${name}`, message }];
    }),
  );
  return found.flat();
}

async function troubleOf(path: string, make: () => Promise<unknown>): Promise<string | undefined> {
  const probe = join(path, `.probe-${randomBytes(6).toString('hex')}`);
  try {
    await make();
    await writeFile(probe, 'x', { mode: 0o600 });
    return undefined;
  } catch (error) {
    return errorCode(error) ?? (error instanceof Error ? error.message : 'unknown');
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
