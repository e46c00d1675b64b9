import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { parse } from 'yaml';
import { checkConfig } from '../../src/config/check-config';
import { gatewayFileSchema } from '../../src/config/gateway-file.schema';
import { loadSettings } from '../../src/config/load-settings';
import { readRules } from '../../src/keys/key-rules';
import { codexSetups } from '../clients/codex-setups';
import { type Block, blocksIn, placeOf } from '../support/docs';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'docs-snippets-'));
  const [hooks] = blocksIn('js');
  writeFileSync(join(folder, 'my-hook.js'), hooks?.code ?? '');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const named = (blocks: readonly Block[]): [string, Block][] => blocks.map((block) => [placeOf(block), block]);

/** What the variables of the examples hold. */
function variablesOf(code: string): Record<string, string> {
  const names = [...code.matchAll(/os\.environ\/(\w+)/g)].map(([, name = '']) => name);
  return Object.fromEntries(
    names.map((name) => [name, name.includes('TOKEN') ? 'at-0123456789abcdef' : 'sk-0123456789abcdef0123']),
  );
}

const isGatewayFile = ({ code }: Block): boolean =>
  Object.keys((parse(code) ?? {}) as object).every((key) => Object.hasOwn(gatewayFileSchema.shape, key));

describe('a config.yaml of the documentation', () => {
  const blocks = blocksIn('yaml').filter(isGatewayFile);

  it('is nearly every block of YAML', () => {
    expect(blocks.length).toBeGreaterThan(10);
    expect(
      blocksIn('yaml')
        .filter((block) => !isGatewayFile(block))
        .map(placeOf),
    ).toHaveLength(1); // Continue's own
  });

  it.each(named(blocks))('has no fault, and no key without effect: %s', (_, { code }) => {
    const places = { cwd: folder, homeDir: folder };
    const { faults, rows } = checkConfig({ text: code, path: 'config.yaml', env: variablesOf(code), ...places });
    expect(faults).toEqual([]);
    expect(rows.filter(({ verdict }) => verdict === 'ignored')).toEqual([]);
    // What the rooms say of it when they are built.
    writeFileSync(join(folder, 'config.yaml'), code);
    const settings = loadSettings({ env: variablesOf(code), argv: [], ...places });
    expect(() => readRules(settings.keys)).not.toThrow();
  });

  it('would be found out', () => {
    const places = { path: 'config.yaml', env: {}, cwd: folder, homeDir: folder };
    const text = 'router_settings:\n  routing_strategy: best\nlitellm_settings:\n  fallbaks: []\n';
    const { faults, rows } = checkConfig({ text, ...places });
    expect(faults).toHaveLength(1);
    expect(rows.filter(({ verdict }) => verdict === 'ignored')).toHaveLength(1);
  });
});

it('Continue is told provider, address and key', () => {
  const file: unknown = parse(blocksIn('yaml').find((block) => !isGatewayFile(block))?.code ?? '');
  expect(file).toMatchObject({
    schema: 'v1',
    models: [{ provider: 'openai', model: 'team-default', apiBase: 'http://localhost:4000/v1' }],
  });
});

it.each(named(blocksIn('json')))('JSON can be read: %s', (_, { code }) => {
  expect(() => JSON.parse(code) as unknown).not.toThrow();
});

it('the config.toml of the Codex CLI is the one that the real CLI is tested with', () => {
  const blocks = blocksIn('toml');
  expect(blocks.map(({ page }) => page)).toEqual(['README.md', 'docs/clients.md']);
  const [tested] = codexSetups.filter(({ version }) => version === '0.169.0');
  const wanted = tested?.configFor('http://localhost:4000').trim();
  expect(wanted).toContain('model_catalog_url');
  for (const { code } of blocks) expect(code.trim()).toBe(wanted);
});

it.each(named(blocksIn('ts', 'js')))('TypeScript and JavaScript can be read: %s', (_, { code }) => {
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const { diagnostics = [] } = ts.transpileModule(code, { compilerOptions: options, reportDiagnostics: true });
  expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
});

const hasPython = spawnSync('python3', ['--version']).status === 0;
(hasPython ? it : it.skip).each(named(blocksIn('python', 'py')))('Python can be read: %s', (_, { code }) => {
  const read = 'import ast, sys; ast.parse(sys.stdin.read())';
  const { status, stderr } = spawnSync('python3', ['-c', read], { input: code, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

describe('a block of shell', () => {
  const scripts = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts);

  it.each(named(blocksIn('sh', 'bash')))('can be read, and names scripts that exist: %s', (_, { code }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    for (const [, , name = ''] of code.matchAll(/\bnpm (run )?([a-z][\w:]*)/g))
      expect([...scripts, 'ci', 'install']).toContain(name);
  });
});
