import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chartFolder, describeWithHelm, helm } from '../support/chart';
import { composeFile, describeWithCompose } from '../support/compose-file';

const pages = ['README.md', 'docs/deploy.md', 'helm/codex-gateway/README.md'];

/** Commands of the blocks of a page, lines that go on joined, as lists of words. */
function commandsIn(page: string): readonly (readonly string[])[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.replace(/\\\n\s*/g, '').split('\n')).filter((line) => line !== '');
  return lines.map((line) =>
    [...line.replace(/\s+#.*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
  );
}

const commands = pages.flatMap(commandsIn);
const beginning = (...start: readonly string[]): readonly (readonly string[])[] =>
  commands.filter((words) => start.every((word, place) => words[place] === word));

describe('the pages about deployment', () => {
  it('lead only to places that exist', () => {
    for (const page of pages) {
      const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
      for (const link of links) expect([link, existsSync(join(dirname(page), link))]).toEqual([link, true]);
    }
  });

  it('name scripts and stages that exist', () => {
    for (const [, script = ''] of beginning('sh')) expect([script, existsSync(script)]).toEqual([script, true]);
    expect(beginning('sh').length).toBeGreaterThan(0);
    expect(beginning('docker', 'build')).toHaveLength(1);
  });

  it('state the size of the content as it is', () => {
    const output = execFileSync(process.execPath, ['scripts/image.mjs', '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { sizes } = JSON.parse(output) as { sizes: Record<'node' | 'packages' | 'program', number> };
    const page = readFileSync('docs/deploy.md', 'utf8').replace(/\s+/g, ' ');
    const [, ...stated] = /content is (\d+) MiB: Node (\d+), packages (\d+), the program (\d+);/.exec(page) ?? [];
    const [all = 0, node = 0, packages = 0, program = 0] = stated.map(Number);
    const mebibytes = (bytes: number): number => bytes / 1_048_576;
    expect(Math.abs(all - mebibytes(sizes.node + sizes.packages + sizes.program))).toBeLessThan(10);
    expect(Math.abs(node - mebibytes(sizes.node))).toBeLessThan(10);
    expect(Math.abs(packages - mebibytes(sizes.packages))).toBeLessThan(10);
    expect(Math.abs(program - mebibytes(sizes.program))).toBeLessThan(3);
  }, 240_000);
});

describeWithHelm('the Helm commands of the pages', () => {
  it.each(
    commands
      .filter(
        ([program, verb]) =>
          (program === 'helm' && ['install', 'upgrade'].includes(verb ?? '')) || (program === 'helm' && verb === '-n'),
      )
      .map((words) => [words.join(' '), words] as const),
  )('render: %s', async (_, words) => {
    const verb = words.findIndex((word) => ['install', 'upgrade', 'test'].includes(word));
    if (words[verb] === 'test') return;
    const flags = words.slice(verb + 3).filter((word) => !['--create-namespace', '--reuse-values'].includes(word));
    const answer = await helm(['template', words[verb + 1] ?? '', chartFolder, ...flags]);
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toContain('kind: Deployment');
  });
});

describeWithCompose('the compose commands of the pages', () => {
  it('name profiles and services that exist', () => {
    const found = beginning('docker', 'compose');
    expect(found.length).toBeGreaterThanOrEqual(4);
    for (const [, , flag, profile = '', ...rest] of found) {
      expect(flag).toBe('--profile');
      const { services } = composeFile(profile === 'demo' ? 'demo' : 'default');
      expect(['demo', 'default']).toContain(profile);
      if (rest[0] === 'run') expect(Object.keys(services)).toContain(rest.find((word) => word.startsWith('gateway')));
    }
  });
});
