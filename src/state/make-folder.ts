import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../kernel/error-code';

/**
 * Makes a folder and those above it, where they are missing. The `recursive` of Node tries for ever, at full speed, where the
 * system says of a new folder that there is no such place although the one above it is there, as `/proc` does.
 *
 * @throws whatever the system says.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && (await isThere(path, 'folder'))) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || (await isThere(parent))) throw error;
    await makeFolder(parent, mode);
    await makeFolder(path, mode);
  }
}

function isThere(path: string, kind?: 'folder'): Promise<boolean> {
  return stat(path).then(
    (found) => kind === undefined || found.isDirectory(),
    () => false,
  );
}
