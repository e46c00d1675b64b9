import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const cache = join(__dirname, '..', '..', '.cache', 'clients');

/** What the pages about clients use beside `openai`, which is a package of ours. */
const npmPackages = [
  'ai@6.0.326',
  '@ai-sdk/openai@3.0.141',
  '@ai-sdk/openai-compatible@2.0.92',
  '@langchain/openai@1.5.8',
  '@langchain/core@1.4.0',
];
const pythonPackages = ['openai==3.57.0', 'langchain-openai==1.7.4'];

/** Puts other people's packages for Node into the cache of the repository, once. @returns the folder to run programs in. */
export function installedForNode(): Promise<string> {
  return installed('sdks-node', (folder) => {
    const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    return ['npm', ['install', '--prefix', folder, ...flags, ...npmPackages]];
  });
}

/** The same for Python. @returns the folder for `PYTHONPATH`. */
export function installedForPython(): Promise<string> {
  return installed('sdks-python', (folder) => [
    'python3',
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder, ...pythonPackages],
  ]);
}

/** Whether there is a Python that can install packages. */
export function hasPip(): boolean {
  return spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
}

/** Beside its place and then moved there: an install that breaks off leaves nothing that looks whole. */
async function installed(
  name: string,
  commandFor: (folder: string) => readonly [command: string, args: readonly string[]],
): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}.part`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const [command, args] = commandFor(unfinished);
    await promisify(execFile)(command, args, { cwd: unfinished });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
