/**
 * What stands in for the base images: of `node`, the very Node release from npm's packages; of distroless `cc`, the shared
 * libraries of this machine that Node asks for. Enough to run what is built, inside a root folder of its own.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const flags = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Fills an empty folder. @returns folders for PATH while this stage runs commands.
 * @throws {Error} for an image that nothing stands in for.
 */
export function provideBase(image, folder, cache) {
  const [name] = image.split('@');
  const version = /^node:(\d+\.\d+\.\d+)-/.exec(name)?.[1];
  if (version !== undefined) return provideNode(version, folder, cache);
  if (/^gcr\.io\/distroless\/cc-debian\d+:nonroot$/.test(name)) return provideDistroless(folder);
  throw new Error(`Nothing stands in for the base image ${name}.`);
}

/**
 * Puts a Node release into the cache, once.
 *
 * @returns its folder, with `bin/node` and `include/` in it. @throws {Error} when npm cannot fetch it.
 */
export function ensureNode(version, cache) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, `node-${version}`);
  const installed = join(folder, 'node_modules', name);
  if (existsSync(join(installed, 'bin', 'node'))) return installed;
  const unfinished = `${folder}.${process.pid}.part`;
  mkdirSync(unfinished, { recursive: true });
  try {
    // The package for this platform itself: `node` would fetch it with an install script.
    const args = ['install', '--prefix', unfinished, ...flags, `${name}@${version}`];
    const { status, stderr } = spawnSync('npm', args, { cwd: unfinished, encoding: 'utf8' });
    if (status !== 0) throw new Error(`npm could not fetch ${name}@${version}: ${stderr}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return installed;
}

function provideNode(version, folder, cache) {
  const node = ensureNode(version, cache);
  const bin = join(folder, 'usr', 'local', 'bin');
  mkdirSync(bin, { recursive: true });
  linkSync(join(node, 'bin', 'node'), join(bin, 'node'));
  return [join(node, 'bin')];
}

function provideDistroless(folder) {
  // Some of these a container engine mounts something on.
  for (const place of ['proc', 'dev', 'run', 'tmp', 'etc']) mkdirSync(join(folder, place), { recursive: true });
  writeFileSync(join(folder, 'etc', 'passwd'), 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n');
  for (const library of librariesOfNode()) {
    const place = join(folder, library);
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(realpathSync(library), place);
  }
  return [];
}

/** Absolute paths of the shared libraries that Node asks for; empty where `ldd` cannot tell, as on macOS. */
function librariesOfNode() {
  const { status, stdout } = spawnSync('ldd', [process.execPath], { encoding: 'utf8' });
  if (status !== 0) return [];
  return [...stdout.matchAll(/(\/\S+)\s+\(0x/g)].map(([, path]) => path);
}
