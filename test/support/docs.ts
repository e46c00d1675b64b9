import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The root of the project. */
export const root = join(__dirname, '..', '..');

/** A page of the documentation. */
export interface Page {
  /** From the root, for example `docs/keys.md`. */
  readonly name: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Of the opening fence, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** What `<!-- run: … -->` above it says; '' for `<!-- run -->`; undefined without: it is read, not run. */
  readonly run: string | undefined;
  readonly code: string;
}

/** Every page for users and for those who change the code. */
export function pages(): readonly Page[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const names = inDocs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  return ['README.md', 'AGENTS.md', 'CHANGELOG.md', 'helm/codex-gateway/README.md', ...names.sort()].map(pageNamed);
}

/** One page. */
export function pageNamed(name: string): Page {
  return { name: relative(root, join(root, name)), text: readFileSync(join(root, name), 'utf8') };
}

const fence = /(?:^<!-- run(?:: ([^\n]*?))? -->\n\n)?^```([\w-]*)\n([^]*?)^```$/gm;

/** The fenced blocks of a page, in order. */
export function blocksOf({ name, text }: Page): readonly Block[] {
  return [...text.matchAll(fence)].map((found) => {
    const [whole, words, language = '', code = ''] = found;
    const isRun = whole.startsWith('<!-- run');
    const before = text.slice(0, found.index + whole.indexOf('```'));
    return { page: name, line: before.split('\n').length, language, run: isRun ? (words ?? '') : undefined, code };
  });
}

/** Blocks of all pages in one of these languages. */
export function blocksIn(...languages: readonly string[]): readonly Block[] {
  return pages()
    .flatMap(blocksOf)
    .filter(({ language }) => languages.includes(language));
}

/** How a block is called in the name of a test. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}

/** The text of a page without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(fence, '');
}

/** What stands between single backticks in the prose of a page. */
export function inlineCodeOf(page: Page): readonly string[] {
  return [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Names of the commands of the program, from its one list. */
export function commandNames(): readonly string[] {
  const source = readFileSync(join(root, 'src/cli/commands.ts'), 'utf8');
  return [...source.matchAll(/^\s*(?:\{ )?name: '([\w-]+)'/gm)].map(([, name = '']) => name);
}
