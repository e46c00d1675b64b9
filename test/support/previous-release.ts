import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const buildLimitMs = 240_000;

/** A build of an earlier commit. */
export interface PreviousRelease {
  readonly commit: string;
  /** Its `main.js`. */
  readonly program: string;
}

/**
 * The commit before this one (or `TEST_PREVIOUS`, any name that git knows), built once into `.cache`, with the packages of
 * this working copy.
 *
 * @returns undefined where there is no git or no such commit.
 * @throws {Error} with the compiler's words when it does not build.
 */
export function previousRelease(): PreviousRelease | undefined {
  const commit = git('rev-parse', '--verify', '--quiet', `${process.env['TEST_PREVIOUS'] ?? 'HEAD^1'}^{commit}`);
  if (commit === undefined) return undefined;
  const folder = join(root, '.cache', 'releases', commit);
  const program = join(folder, 'dist', 'main.js');
  if (!existsSync(program)) build(commit, folder);
  return { commit, program };
}

function build(commit: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tree = join(folder, 'tree.tar');
  run('git', ['archive', '--output', tree, commit], root);
  run('tar', ['-xf', tree], folder);
  rmSync(tree);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  run(process.execPath, [join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'], folder);
}

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: buildLimitMs });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''} ${stdout} ${stderr}`);
}
