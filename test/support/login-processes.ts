import { transformFileSync } from '@swc/core';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const repository = join(__dirname, '..', '..');
const sources = join(repository, 'src', 'auth');

/** The program that runs in a process of its own; see there for its words. */
export const loginWriter = join(__dirname, 'login-writer.cjs');

/**
 * Translates the modules of `src/auth` for processes that Node starts without Jest.
 *
 * @returns their folder, inside the repository so that packages are found; the caller removes it.
 */
export function translatedLoginModules(): string {
  mkdirSync(join(repository, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(repository, '.cache', 'login-modules-'));
  // Some tests write as a user who is not the owner.
  chmodSync(folder, 0o755);
  const names = readdirSync(sources).filter((name) => /^(auth-file|file-lock|login-|token-claims)/.test(name));
  for (const name of names.filter((each) => each.endsWith('.ts') && !each.endsWith('.spec.ts'))) {
    const { code } = transformFileSync(join(sources, name), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2023' },
      module: { type: 'commonjs' },
    });
    writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), code);
  }
  return folder;
}
