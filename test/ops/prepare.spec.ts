import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A package as a lock file has it. */
interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly optional?: boolean;
}

const zod: Locked = { version: '4.0.0', integrity: 'sha512-a' };
const elsewhere: Locked = { version: '1.0.0', integrity: 'sha512-b', optional: true };
/** What the lock of the checkout wants. */
const wanted = { 'node_modules/zod': zod, 'node_modules/of-another-platform': elsewhere };

let folder: string;
let checkout: string;
let other: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'));
  [checkout, other] = [join(folder, 'checkout'), join(folder, 'other')];
  for (const path of [join(checkout, 'scripts'), join(folder, 'bin'), join(other, 'node_modules', 'zod')])
    mkdirSync(path, { recursive: true });
  copyFileSync('scripts/prepare.mjs', join(checkout, 'scripts', 'prepare.mjs'));
  writeFileSync(join(checkout, 'package-lock.json'), lock({ '': { version: '0.1.0' }, ...wanted }));
  writeFileSync(join(other, 'node_modules', 'zod', 'package.json'), '{}');
  // Installs nothing, and says what it was asked for.
  writeFileSync(join(folder, 'bin', 'npm'), `#!/bin/sh\necho "$PWD $*" >> '${join(folder, 'asked')}'\n`, {
    mode: 0o755,
  });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const lock = (packages: Readonly<Record<string, Locked>>): string => JSON.stringify({ packages });

/** The other checkout has these packages, put there long before the lock of this one was written. */
function otherHas(packages: Readonly<Record<string, Locked>>): void {
  const mark = join(other, 'node_modules', '.package-lock.json');
  writeFileSync(mark, lock(packages));
  utimesSync(mark, 1, 1);
}

/** Runs what every command of package.json runs first. */
function prepared(): { readonly status: number | null; readonly stderr: string; readonly asked: string } {
  const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` };
  const words = ['--input-type=module', '-e', "(await import('./scripts/prepare.mjs')).ensurePackages();"];
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: checkout, env, encoding: 'utf8' });
  const told = join(folder, 'asked');
  return { status, stderr, asked: existsSync(told) ? readFileSync(told, 'utf8') : '' };
}

describe('the packages of a checkout', () => {
  it('are installed where there are none', () => {
    expect(prepared()).toMatchObject({ status: 0, asked: expect.stringContaining(`${checkout} ci `) as string });
  });

  it.each([
    ['another version', { 'node_modules/zod': { ...zod, version: '3.0.0' } }],
    ['another content', { 'node_modules/zod': { ...zod, integrity: 'sha512-c' } }],
    ['too few', {}],
    [
      'another version of what it may do without',
      { ...wanted, 'node_modules/of-another-platform': { ...elsewhere, version: '2.0.0' } },
    ],
  ])('are not installed through a link to another checkout that has %s', (_, packages) => {
    otherHas(packages);
    symlinkSync('../other/node_modules', join(checkout, 'node_modules'));
    const { status, stderr, asked } = prepared();
    expect([status, asked]).toEqual([1, '']);
    expect(stderr).toContain(`${join(checkout, 'node_modules')} is a link to ../other/node_modules`);
    expect(stderr).toContain(`rm ${join(checkout, 'node_modules')}\n`);
    expect(existsSync(join(other, 'node_modules', 'zod', 'package.json'))).toBe(true);
  });

  it('are not installed through a link that leads nowhere', () => {
    symlinkSync('../gone', join(checkout, 'node_modules'));
    expect(prepared()).toMatchObject({ status: 1, asked: '', stderr: expect.stringContaining('../gone') as string });
  });

  it('are used through a link when they are the locked ones, and nothing is built there', () => {
    otherHas({ 'node_modules/zod': zod });
    mkdirSync(join(other, 'node_modules', 'fs-ext'));
    symlinkSync('../other/node_modules', join(checkout, 'node_modules'));
    expect(prepared()).toEqual({ status: 0, stderr: '', asked: '' });
  });
});
