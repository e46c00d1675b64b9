/**
 * Builds the dashboards into deploy/grafana/dashboards, where Grafana and the Helm chart find them.
 *   --check  changes nothing; exit 1 when one is out of date, naming it
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { accounts } from './src/accounts.mjs';
import { overview } from './src/overview.mjs';
import { reliability } from './src/reliability.mjs';
import { usage } from './src/usage.mjs';

const folder = join(import.meta.dirname, 'dashboards');
const boards = { overview, usage, accounts, reliability };
const stale = [];

mkdirSync(folder, { recursive: true });
for (const [name, board] of Object.entries(boards)) {
  const path = join(folder, `${name}.json`);
  const options = await resolveConfig(path);
  const text = await format(JSON.stringify(board), { ...options, parser: 'json' });
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  stale.push(`${name}.json`);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`Out of date, run \`node deploy/grafana/build.mjs\`: ${stale.join(', ')}`);
  process.exitCode = 1;
}
