import { transformFileSync } from '@swc/core';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(__dirname, '..', '..');
const sources = join(repository, 'src');
/** What writing a login needs, by folder of `src`. */
const needed: readonly (readonly [folder: string, names: RegExp])[] = [
  ['auth', /^(auth-file|file-lock|login-|token-claims)/],
  ['config', /^file-watch/],
  ['kernel', /^error-code/],
  ['state', /^make-folder/],
];

/** The program that runs in a process of its own; see there for its words. */
export const loginWriter = join(__dirname, 'login-writer.cjs');

/**
 * Translates the modules that read and write logins for processes that Node starts without Jest.
 *
 * @returns a folder laid out like `src`, inside the repository so that packages are found; the caller removes it.
 */
export function translatedLoginModules(): string {
  mkdirSync(join(repository, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(repository, '.cache', 'login-modules-'));
  // Some tests write as a user who is not the owner.
  chmodSync(folder, 0o755);
  for (const [room, names] of needed) {
    const from = join(sources, room);
    mkdirSync(join(folder, room), { mode: 0o755 });
    for (const name of readdirSync(from).filter((each) => names.test(each) && !each.endsWith('.spec.ts'))) {
      const { code } = transformFileSync(join(from, name), {
        swcrc: false,
        jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2023' },
        module: { type: 'commonjs' },
      });
      writeFileSync(join(folder, room, name.replace(/\.ts$/, '.js')), code);
    }
  }
  return folder;
}
