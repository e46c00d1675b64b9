/**
 * npm run docs: writes the parts of the documentation that the code knows better, between `<!-- name:start -->` and
 * `<!-- name:end -->`: tables of the configuration from its schemas, the floors of the house from .dependency-cruiser.cjs and
 * the imports.
 *   --check  writes nothing, ends with 1 and names the files that are not current
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuild, root } from './prepare.mjs';

const require = createRequire(import.meta.url);
const check = process.argv.includes('--check');

ensureBuild();
const { referenceTables } = require(join(root, 'dist', 'config', 'reference-tables.js'));
const blocks = new Map([...referenceTables(), ['floors', floorsTable()]]);
const stale = [];
for (const name of ['README.md', ...pages()]) {
  const path = join(root, name);
  const before = readFileSync(path, 'utf8');
  const after = withBlocks(before);
  if (before === after) continue;
  stale.push(name);
  if (!check) writeFileSync(path, after);
}
for (const name of stale) console.log(`${name}: ${check ? 'not current; run `npm run docs`' : 'written'}`);
process.exit(check && stale.length > 0 ? 1 : 0);

function pages() {
  return readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
}

/** Generated tables keep out of the formatter's hands, which would pad them. */
function withBlocks(text) {
  return text.replace(/(<!-- ([\w-]+):start -->)[^]*?(<!-- \2:end -->)/g, (whole, start, name, end) => {
    const block = blocks.get(name);
    return block === undefined ? whole : `${start}\n\n${block}\n\n${end}`;
  });
}

/** Floors from the roof down: rooms, what they are for, and which rooms they import, read from the imports themselves. */
function floorsTable() {
  const floors = require(join(root, 'scripts', 'floors.cjs'));
  const rows = floors.flatMap((rooms, level) =>
    Object.entries(rooms).map(([room, what]) => {
      const { files, imports } = roomOf(room);
      return { level, line: `| ${level + 1} | \`${room}\` | ${what} | ${files} | ${imports.join(', ') || '–'} |` };
    }),
  );
  const lines = rows.sort((a, b) => b.level - a.level).map(({ line }) => line);
  return ['| floor | room | what it is for | files | imports |', '|---|---|---|---|---|', ...lines].join('\n');
}

function roomOf(room) {
  const folder = join(root, 'src', room);
  const sources = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const imported = new Set(
    sources.flatMap((source) =>
      [...readFileSync(source, 'utf8').matchAll(/from '(?:\.\.\/)+([a-z]+)\//g)].map(([, name]) => name),
    ),
  );
  const known = require(join(root, 'scripts', 'floors.cjs')).flatMap((rooms) => Object.keys(rooms));
  return { files: sources.length, imports: known.filter((name) => name !== room && imported.has(name)) };
}
