import { isAbsolute, join, resolve } from 'node:path';

/** Absolute form of a path the operator wrote: `~` is the home folder, relative ones start at `from`. */
export function absolutePath(written: string, from: string, homeDir: string): string {
  if (written === '~') return homeDir;
  if (written.startsWith('~/')) return join(homeDir, written.slice(2));
  return isAbsolute(written) ? written : resolve(from, written);
}
