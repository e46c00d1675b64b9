import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CodexVersion } from './codex-setups';

const cache = join(__dirname, '..', '..', '.cache', 'clients');

/**
 * Puts a release into the cache of the repository, once.
 *
 * @returns the path of its command. @throws {Error} when npm cannot fetch it.
 */
export async function installedCodex(version: CodexVersion): Promise<string> {
  const folder = join(cache, `codex-${version}`);
  if (!existsSync(commandIn(folder))) await install(version, folder);
  return commandIn(folder);
}

/** Beside its place and then moved there: an install that breaks off leaves nothing that looks whole. */
async function install(version: CodexVersion, folder: string): Promise<void> {
  const unfinished = `${folder}.${process.pid}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const args = ['install', '--prefix', unfinished, ...flags, `@openai/codex@${version}`];
  try {
    await promisify(execFile)('npm', args, { cwd: unfinished });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function commandIn(folder: string): string {
  return join(folder, 'node_modules', '.bin', 'codex');
}
