/**
 * npm run chart: brings the Helm chart up to date with what it ships copies of (alert rules, dashboards, Redis), with the
 * version of the package, and writes the table of values in its README from the comments in values.yaml.
 *   --check  changes nothing; exit 1 when something is out of date, naming it
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMap, isScalar, parseDocument } from 'yaml';
import { root } from './prepare.mjs';

const chart = join(root, 'helm', 'codex-gateway');
const checksOnly = process.argv.includes('--check');
const stale = [];

for (const [from, to] of copies()) bring(readFileSync(from, 'utf8'), to);
for (const path of leftovers()) remove(path);
bring(withVersion(readFileSync(join(chart, 'Chart.yaml'), 'utf8')), join(chart, 'Chart.yaml'));
bring(withTable(readFileSync(join(chart, 'README.md'), 'utf8')), join(chart, 'README.md'));
if (stale.length > 0 && checksOnly) {
  console.error(
    `Out of date, run \`npm run chart\`:\n${stale.map((path) => `  ${path.slice(root.length)}`).join('\n')}`,
  );
  process.exitCode = 1;
}

/** Files of the repository that the chart has copies of, because Helm reads nothing outside a chart. */
function copies() {
  const files = join(chart, 'files');
  const dashboards = join(root, 'deploy', 'grafana', 'dashboards');
  const redis = join(root, 'deploy', 'redis');
  return [
    [join(root, 'deploy', 'prometheus', 'rules.yml'), join(files, 'rules.yml')],
    ...namesIn(redis).map((name) => [join(redis, name), join(files, 'redis', name)]),
    ...namesIn(dashboards, '.json').map((name) => [join(dashboards, name), join(files, 'dashboards', name)]),
  ];
}

/** Copies whose original is gone. */
function leftovers() {
  const wanted = new Set(copies().map(([, to]) => to));
  const folders = ['redis', 'dashboards'].map((name) => join(chart, 'files', name));
  return folders
    .flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
    .filter((path) => !wanted.has(path));
}

function namesIn(folder, end = '') {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(end)) : [];
}

function bring(text, path) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  stale.push(path);
  if (checksOnly) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function remove(path) {
  stale.push(path);
  if (!checksOnly) rmSync(path);
}

function withVersion(text) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return text.replace(/^(version|appVersion): .*$/gm, `$1: ${version}`);
}

function withTable(text) {
  const values = parseDocument(readFileSync(join(chart, 'values.yaml'), 'utf8'));
  const table = ['| value | default | meaning |', '|---|---|---|', ...rowsOf(values.contents, '')].join('\n');
  return text.replace(
    /(<!-- values:start -->\n)[^]*?(<!-- values:end -->)/,
    (_, start, end) => `${start}\n${table}\n\n${end}`,
  );
}

/** A value with a comment "# -- …" is one row; a map without one is looked into. */
function rowsOf(map, path) {
  return map.items.flatMap((pair, at) => {
    const name = path === '' ? pair.key.value : `${path}.${pair.key.value}`;
    // The comment of a map's first key belongs to the map itself for the parser.
    const comment = pair.key.commentBefore ?? (at === 0 ? map.commentBefore : undefined) ?? '';
    const meaning = meaningIn(comment);
    if (meaning !== undefined) return [`| \`${name}\` | ${shown(pair.value)} | ${meaning} |`];
    if (isMap(pair.value) && pair.value.items.length > 0) return rowsOf(pair.value, name);
    throw new Error(`values.yaml: ${name} has no comment "# -- …".`);
  });
}

function meaningIn(comment) {
  const found = /(?:^|\n) -- ([^]*)$/.exec(comment)?.[1];
  return found?.replace(/\n ?/g, ' ').replaceAll('|', '\\|');
}

function shown(node) {
  const value = node.toJSON();
  if (isScalar(node) && (value === '' || value === null)) return value === null ? '`null`' : '';
  return `\`${JSON.stringify(value)
    .replace(/^"(.*)"$/, '$1')
    .replaceAll('|', '\\|')}\``;
}
