import { randomBytes } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { errorCode } from '../kernel/error-code';

/**
 * Puts a line into a file that is not there yet, mode 0600: whole or not at all, and never over what another process put
 * there, because a full file is linked into place.
 *
 * @returns whether it was this call that made the file. @throws whatever the disk says.
 */
export async function publishOnce(path: string, line: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${line}\n`);
    await file.sync();
    await link(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}
