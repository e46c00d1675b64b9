/** What a fresh clone lacks, installed in order: packages, build, servers for tests. Used by every command of package.json. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the checkout, absolute. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a command, its output shown; ends this process with its status when it fails. */
export function run(command, args, options = {}) {
  const status = tryRun(command, args, options);
  if (status !== 0) process.exit(status);
}

/** @returns the exit status. */
export function tryRun(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) console.error(`${command} could not be started: ${error.message}`);
  return status ?? 1;
}

/** Installs the locked packages when they are missing or older than the lock; ends this process rather than doing so through a link. */
export function ensurePackages() {
  const mark = join(root, 'node_modules', '.package-lock.json');
  if (isLinked()) {
    refuseOthers(mark);
  } else if (!existsSync(mark) || modified(mark) < modified(join(root, 'package-lock.json'))) {
    console.log('Installing packages (npm ci)…');
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  ensureLocks();
}

/**
 * Builds the one package whose install script is wanted: fs-ext, which takes the lock files of the Codex CLI. It needs a
 * C++ compiler and Node's headers; without them the gateway runs all the same and says at start what it lacks. A build that
 * failed is tried again with the next installation.
 *
 * @returns whether it is there.
 */
export function ensureLocks() {
  const folder = join(root, 'node_modules', 'fs-ext');
  const failed = join(root, 'node_modules', '.fs-ext-not-built');
  if (existsSync(join(folder, 'build', 'Release', 'fs_ext.node'))) return true;
  // Through a link it would be built in somebody else's checkout.
  if (!existsSync(folder) || existsSync(failed) || isLinked()) return false;
  console.log('Building fs-ext…');
  const options = { cwd: root, encoding: 'utf8', timeout: 120_000 };
  const { status } = spawnSync('npm', ['rebuild', 'fs-ext', '--ignore-scripts=false', '--loglevel=error'], options);
  if (status === 0) return true;
  console.log('fs-ext could not be built (no C++ compiler?): login files are written without the Codex CLI’s locks.');
  writeFileSync(failed, '');
  return false;
}

/** Builds dist/ when a source file is newer than it. */
export function ensureBuild() {
  ensurePackages();
  const built = join(root, 'dist', 'main.js');
  if (existsSync(built) && modified(built) >= newest(join(root, 'src'))) return;
  console.log('Building…');
  run(bin('nest'), ['build']);
}

/** Compiles the Codex simulator of the tests into .cache/simulator, for the demo and the bench. */
export function ensureSimulator() {
  ensurePackages();
  const built = join(root, '.cache', 'simulator', 'main.js');
  if (!existsSync(built) || modified(built) < newest(join(root, 'test', 'simulator'))) {
    run(bin('tsc'), ['-p', 'test/simulator/tsconfig.json']);
  }
  return built;
}

/** @returns whether a real redis-server is there, installed if this user may. */
export function ensureRedis() {
  return ensureCommand('redis-server', 'redis-server', 'brew install redis');
}

/** @returns whether Prometheus with its checker is there, installed if this user may. */
export function ensurePrometheus() {
  return ensureCommand('prometheus', 'prometheus', 'brew install prometheus') && has('promtool');
}

/** @returns whether docker-compose is there, installed if this user may. It needs no Docker for what tests ask of it. */
export function ensureCompose() {
  return ensureCommand('docker-compose', 'docker-compose', 'brew install docker-compose');
}

/** Builds the stages of the Dockerfile into folders. @returns whether they are there. */
export function ensureImage() {
  const script = join(root, 'scripts', 'image.mjs');
  const targets = ['gateway', 'simulator'];
  return targets.every(
    (target) =>
      tryRun(process.execPath, [script, '--target', target], { stdio: ['ignore', 'ignore', 'inherit'] }) === 0,
  );
}

/** @returns whether this user may give a process mounts and a root folder of its own, as a container engine does. */
export function canIsolate() {
  return process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
}

/** @returns whether the program that renders the chart runs on this machine; its package is for Linux. */
export function hasHelm() {
  return existsSync(bin('helm')) && spawnSync(bin('helm'), ['version'], { stdio: 'ignore' }).status === 0;
}

function ensureCommand(command, debianPackage, elsewhere) {
  if (has(command)) return true;
  if (process.platform === 'linux' && process.getuid?.() === 0 && has('apt-get')) {
    console.log(`Installing ${debianPackage} (apt-get)…`);
    const quiet = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    const install = ['install', '-y', '--no-install-recommends', debianPackage];
    if (tryRun('apt-get', install, quiet) !== 0) {
      tryRun('apt-get', ['update'], quiet);
      tryRun('apt-get', install, quiet);
    }
  }
  if (has(command)) return true;
  console.error(`${command} is not installed and this user may not install it.`);
  console.error(`Debian, Ubuntu: sudo apt-get install ${debianPackage}   macOS: ${elsewhere}`);
  return false;
}

/** Path of a package's command. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', name);
}

/** Whether the packages are those of another checkout. */
function isLinked() {
  return lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** `npm ci` empties the folder that a link leads to: linked packages are used when they are the locked ones, and else refused. */
function refuseOthers(mark) {
  const wanted = packagesIn(join(root, 'package-lock.json'));
  const there = existsSync(mark) ? packagesIn(mark) : {};
  const names = Object.keys(wanted).filter((name) => name !== '' && (name in there || wanted[name].optional !== true));
  // Integrity stands for version and content; packages from elsewhere have only a version.
  const differ = (one, other) => one?.version !== other.version || one.integrity !== other.integrity;
  if (existsSync(mark) && !names.some((name) => differ(there[name], wanted[name]))) return;
  const link = join(root, 'node_modules');
  console.error(`${link} is a link to ${readlinkSync(link)}, which does not hold the packages of package-lock.json.`);
  console.error(
    'Nothing was installed: that would empty the folder that the link leads to, which another checkout may need.',
  );
  console.error(`Remove the link and run this again: rm ${link}`);
  process.exit(1);
}

function packagesIn(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
}

function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !entry.name.endsWith('.spec.ts')) {
      latest = Math.max(latest, modified(join(entry.parentPath ?? entry.path, entry.name)));
    }
  }
  return latest;
}
