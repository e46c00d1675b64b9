/**
 * npm run bench — runs the gateway beside its two baselines and prints what it costs.
 *
 *   --quick              three short rounds: a look, not a figure
 *   --rounds N           rounds (7)
 *   --seconds S          length of one turn (each workload's own: 2 to 5)
 *   --only w2,w4         these workloads
 *   --targets a,b        of passthrough, translator, gateway
 *   --json               the whole result as JSON on stdout, progress on stderr
 *   --assert             exit 1 when a limit is missed
 *   --no-build           take dist as it is
 *   --entry FILE         another build of the gateway than dist/main.js; builds nothing
 *   --node-flags TEXT    flags of Node for every target, the baselines among them
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const repository = join(import.meta.dirname, '..');
const built = join(repository, 'dist', 'main.js');

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    targets: { type: 'string' },
    json: { type: 'boolean', default: false },
    assert: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    entry: { type: 'string' },
    'node-flags': { type: 'string' },
  },
});

function say(text) {
  (flags.json ? process.stderr : process.stdout).write(`${text}\n`);
}

function positive(text, flag) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} wants a number above 0.`);
  return value;
}

function chosen(text, known, flag) {
  if (text === undefined) return known;
  const names = text.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--${flag}: ${unknown.join(', ')} is none of ${known.join(', ')}.`);
  return known.filter((name) => names.includes(name));
}

/** Whether a source file is younger than what was built from it. */
function isStale(entry) {
  if (!existsSync(entry)) return true;
  const builtMs = statSync(entry).mtimeMs;
  const sources = readdirSync(join(repository, 'src'), { recursive: true, withFileTypes: true });
  return sources.some((file) => {
    const counts = file.isFile() && !file.name.endsWith('.spec.ts');
    return counts && statSync(join(file.parentPath, file.name)).mtimeMs > builtMs;
  });
}

function buildIfNeeded() {
  if (!isStale(built)) return;
  say('Building the gateway.');
  const nest = join(repository, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const build = spawnSync(process.execPath, [nest, 'build'], { cwd: repository, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`The build failed:\n${build.stdout}${build.stderr}`);
}

function machine() {
  const processors = cpus();
  const memoryGib = Math.round(totalmem() / 1_024 ** 3);
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown CPU'}, ${memoryGib} GiB, Node ${process.versions.node}`;
}

async function main() {
  const { checkTargets, measure } = await import('../bench/measure.mjs');
  const { detailsOf, rowsOf, tableOf } = await import('../bench/report.mjs');
  const { targetNames } = await import('../bench/targets.mjs');
  const { measuredNames, workloadNamed } = await import('../bench/workloads.mjs');
  const { hasRedis } = await import('../bench/redis.mjs');

  const names = chosen(flags.only, measuredNames, 'only');
  const targets = chosen(flags.targets, targetNames, 'targets');
  const folder = mkdtempSync(join(tmpdir(), 'codex-gateway-bench-'));
  const plan = {
    folder,
    entry: resolve(flags.entry ?? built),
    nodeFlags: flags['node-flags']?.split(' ') ?? [],
    rounds: Math.round(positive(flags.rounds ?? (flags.quick ? '3' : '7'), 'rounds')),
    seconds: flags.seconds === undefined ? (flags.quick ? 1 : undefined) : positive(flags.seconds, 'seconds'),
    warmSeconds: flags.quick ? 4 : 8,
    onRound: (workload, round, rounds) => say(`${workload.name}: round ${round + 1} of ${rounds}`),
  };
  if (targets.includes('gateway') && !flags['no-build'] && flags.entry === undefined) buildIfNeeded();

  const measuredAt = new Date().toISOString();
  say(`${measuredAt.slice(0, 10)}, ${machine()}, ${plan.rounds} rounds, medians.`);
  const results = [];
  try {
    await checkTargets(targets, plan);
    for (const name of names) {
      if (workloadNamed(name).needsRedis === true && !hasRedis())
        say(`${name} is left out: it needs redis-server, which is not installed.`);
      else results.push(await measure(name, targets, plan));
    }
  } catch (error) {
    say(`The logs are in ${folder}`);
    throw error;
  }
  rmSync(folder, { recursive: true, force: true });

  const rows = rowsOf(results);
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ measuredAt, machine: machine(), rounds: plan.rounds, rows, results })}\n`);
  else say(`\n${tableOf(rows)}\n\n${detailsOf(results)}`);
  return flags.assert && rows.some((row) => row.ok === false) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
