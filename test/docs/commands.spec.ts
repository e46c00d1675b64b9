import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/cli/commands';
import { printedBy } from '../support/command-world';
import { blocksIn, commandNames, inlineCodeOf, pageNamed, pages, proseOf, root } from '../support/docs';

/** What `--help` of each command prints. */
const helps = new Map<string, string>();

beforeAll(async () => {
  for (const name of commandNames()) helps.set(name, await helpOf(name, '--help'));
});

/** What the program prints for these words; its own process is tried in program.e2e-spec.ts. */
async function helpOf(...argv: readonly string[]): Promise<string> {
  const [status, text] = await printedBy(() => runCommand({ argv, env: {}, cwd: root, homeDir: root }));
  return status === 0 ? text : `status ${status}`;
}

const names = commandNames();

it('the list of commands is the one of --help', async () => {
  const stdout = await helpOf('--help');
  const told = [...stdout.matchAll(/^ {2}node dist\/main\.js (?:\[--config|([\w-]+))/gm)].map(
    ([, name = 'serve']) => name,
  );
  expect([...new Set(told)]).toEqual(names);
  expect(names.length).toBeGreaterThan(10);
});

describe.each(names)('the command %s', (name) => {
  it('has a help of its own', () => {
    const usage = name === 'serve' ? 'node dist/main.js [--config' : `node dist/main.js ${name}`;
    expect(helps.get(name)?.trim().startsWith(usage)).toBe(true);
  });

  it.each(['README.md', 'docs/operations.md'])('has its line in the table of %s', (page) => {
    const table = proseOf(pageNamed(page))
      .split('\n\n')
      .find((part) => part.includes('`check-config --config FILE`'));
    const rows = table?.split('\n').map((row) => row.split('|')[1] ?? '') ?? [];
    expect(rows.some((row) => new RegExp('`' + name + '[` ]').test(row))).toBe(true);
  });

  it('is run by a test', () => {
    const call = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const ways =
      name === 'serve' ? /\.serve\(/ : new RegExp(`(?:\\[|run\\()\\s*'${name}'[,\\])]|\\b${call}Command\\(`, 'i');
    expect(testFiles().some((path) => ways.test(readFileSync(path, 'utf8')))).toBe(true);
  });
});

function testFiles(): readonly string[] {
  return ['test', 'src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /[.-]spec\.ts$/.test(name) && !name.startsWith('docs/'))
      .map((name) => join(root, folder, name)),
  );
}

/** Calls of the program in blocks and between backticks: where, and the words. */
function calls(): readonly (readonly [place: string, words: readonly string[]])[] {
  const inBlocks = blocksIn('sh', 'bash').flatMap(({ page, line, code }) =>
    code
      .replace(/\\\n\s*/g, ' ')
      .split('\n')
      .map((text) => [`${page}:${line}`, text] as const),
  );
  const inline = pages().flatMap((page) => inlineCodeOf(page).map((code) => [page.name, code] as const));
  return [...inBlocks, ...inline].flatMap(([place, text]) => {
    const [, tail] =
      /(?:node (?:\/app\/)?dist\/main\.js|npm start --)(?: (.*))?$/.exec(text.replace(/\s#.*$/, '')) ?? [];
    // Up to the end of a substitution, a redirection or the next command.
    return tail === undefined ? [] : [[place, (tail.split(/[)|>;&]/)[0] ?? '').trim().split(/\s+/)] as const];
  });
}

it('every documented call of the program is one that it understands', () => {
  const found = calls();
  expect(found.length).toBeGreaterThan(25);
  const wrong = found.flatMap(([place, [first = '', ...rest]]) => {
    if (/^[<…]/.test(first) || first === '') return [];
    const command = first.startsWith('-') ? 'serve' : first;
    const help = helps.get(command);
    if (help === undefined && command !== '--help') return [`${place}: ${command} is no command`];
    const flags = [first, ...rest].flatMap((word) => /^--[\w-]+/.exec(word)?.[0] ?? []);
    const known = [...(help?.match(/--[\w-]+/g) ?? []), '--help', '--version'];
    return flags.filter((flag) => !known.includes(flag)).map((flag) => `${place}: ${command} knows no ${flag}`);
  });
  expect(wrong).toEqual([]);
});
