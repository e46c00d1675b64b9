/**
 * npm test: installs what is missing, runs every suite, ends with `N passed, N failed` alone on a line.
 *   --clients  the real Codex CLI in every version instead (installed into .cache/clients)
 *   --long     the long seeds and matrices as well
 * Further words go to Jest. CI runs the newest Codex CLI as well; elsewhere a run includes those that are installed.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, ensureBuild, ensureLocks, ensureRedis, ensureSimulator, root, tryRun } from './prepare.mjs';

const words = process.argv.slice(2);
const clients = words.includes('--clients');
const long = words.includes('--long');
const rest = words.filter((word) => word !== '--clients' && word !== '--long');

ensureBuild();
ensureSimulator();
const redis = ensureRedis();
if (!redis && process.env.CI) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const versions = clientVersions();
const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-test-'));
const report = join(folder, 'report.json');
const env = {
  ...process.env,
  ...(versions === '' ? {} : { TEST_CLIENTS: versions }),
  ...(long ? { TEST_LONG: '1' } : {}),
  ...(redis ? {} : { TEST_NO_REDIS: '1' }),
};
const only = clients ? ['--testPathPatterns', 'test/clients/'] : [];
const status = tryRun(bin('jest'), [...only, ...rest, '--json', `--outputFile=${report}`], { cwd: root, env });
const { passed, failed } = readCounts(report, status);
rmSync(folder, { recursive: true, force: true });
if (!redis) console.log('Not run: the suites that need redis-server.');
if (!ensureLocks()) console.log('Not run: the lock files of the Codex CLI (fs-ext is not built).');
if (versions === '') console.log('Not run: the real Codex CLI as client (npm run test:clients).');
console.log(`${passed} passed, ${failed} failed`);
process.exit(status === 0 && failed === 0 && passed > 0 ? 0 : 1);

/** @returns what `TEST_CLIENTS` should say: `all`, versions by commas, or nothing. */
function clientVersions() {
  if (clients) return 'all';
  if (process.env.TEST_CLIENTS) return process.env.TEST_CLIENTS;
  if (process.env.CI) return '0.169.0';
  const cache = join(root, '.cache', 'clients');
  const folders = existsSync(cache) ? readdirSync(cache) : [];
  return folders.flatMap((name) => /^codex-(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? []).join(',');
}

function readCounts(path, exit) {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(path, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: exit === 0 ? 0 : 1 };
  }
}
