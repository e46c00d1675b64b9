import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishOnce } from '../publish-once';
import { StateDir } from '../state-dir';

const keyPattern = /^[A-Za-z0-9_-]{43}$/;

/**
 * The key that seals logins in this folder when the operator set none: 256 random bits, mode 0600, made once. It protects
 * a copied journal, not a copied folder, as the login file beside it does.
 *
 * @throws {Error} when the folder cannot be used, or the file holds something else; never shows what it holds.
 */
export async function obtainSealKey(folder: string): Promise<string> {
  await new StateDir(folder).ensure();
  const path = join(folder, 'seal-key');
  await publishOnce(path, randomBytes(32).toString('base64url'));
  const key = (await readFile(path, 'utf8')).trim();
  if (!keyPattern.test(key)) throw new Error(`${path} holds no seal key of ours: remove it, or set GATEWAY_SALT_KEY`);
  return key;
}
