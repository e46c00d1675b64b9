import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Page, pageNamed, pages, proseOf, root } from '../support/docs';

interface Link {
  readonly page: string;
  readonly target: string;
}

const isAway = (target: string): boolean => /^[a-z]+:/i.test(target);

/** Markdown links, and the sources of pictures, that stay in the project. */
function linksOf(page: Page): readonly Link[] {
  const prose = proseOf(page).replace(/`[^`\n]*`/g, '');
  const found = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g), ...prose.matchAll(/(?:src|href)="([^"]+)"/g)];
  return found.map(([, target = '']) => ({ page: page.name, target })).filter(({ target }) => !isAway(target));
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: Page): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading);
  const anchors = headings.map((heading) => {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const anchor = plain
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
  return new Set(anchors);
}

/** What is wrong with a link; undefined when it leads somewhere. */
function faultOf({ page, target }: Link): string | undefined {
  const [path = '', anchor] = decodeURI(target).split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (file.startsWith('..') || !existsSync(join(root, file))) return `${page}: ${target} leads nowhere`;
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md') || statSync(join(root, file)).isDirectory())
    return `${page}: ${target} has an anchor of no page`;
  return anchorsOf(pageNamed(file)).has(anchor) ? undefined : `${page}: no heading is called #${anchor} in ${file}`;
}

describe('the links of the documentation', () => {
  const links = pages().flatMap(linksOf);

  it('lead to files and headings that exist', () => {
    expect(links.length).toBeGreaterThan(100);
    expect(links.flatMap((link) => faultOf(link) ?? [])).toEqual([]);
  });

  it('are found out when they do not', () => {
    const page = { name: 'docs/x.md', text: '[a](gone.md) [b](keys.md#gone) ![c](../README.md) [d](https://x.test/)' };
    expect(linksOf(page).map(faultOf)).toEqual([
      'docs/x.md: gone.md leads nowhere',
      'docs/x.md: no heading is called #gone in docs/keys.md',
      undefined,
    ]);
  });

  it('lead from the README to every page of docs', () => {
    const told = new Set(linksOf(pageNamed('README.md')).map(({ target }) => normalize(target.split('#')[0] ?? '')));
    const all = pages().flatMap(({ name }) => (/^docs\/[\w-]+\.md$/.test(name) ? [name] : []));
    expect(all.length).toBeGreaterThan(15);
    expect(all.filter((name) => !told.has(name))).toEqual([]);
  });

  it('lead from the runbooks’ list to every runbook, and from the README to decisions', () => {
    const runbooks = pages().filter(({ name }) => /^docs\/runbooks\/(?!README)/.test(name));
    const listed = linksOf(pageNamed('docs/runbooks/README.md')).map(({ target }) => `docs/runbooks/${target}`);
    expect(runbooks.map(({ name }) => name).filter((name) => !listed.includes(name))).toEqual([]);
    expect(existsSync(join(root, 'docs/adr'))).toBe(true);
  });
});
