import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { envSchema } from '../../src/config/env.schema';
import { customerShape } from '../../src/keys/management/customer-management';
import { generateShape, keptKeyFields, regenerateShape, updateShape } from '../../src/keys/management/key-fields';
import { newTeamShape } from '../../src/keys/management/team-fields';
import { newUserShape } from '../../src/keys/management/user-fields';
import { keysKeys } from '../../src/config/keys-keys';
import { routingKeys } from '../../src/config/routing-keys';
import { inlineCodeOf, pageNamed, pages, root } from '../support/docs';

/** Variables of tools and of the examples, which the gateway does not read. */
const otherVariables: ReadonlySet<string> = new Set([
  'GATEWAY_API_KEY', 'OPENAI_API_KEY', 'UPDATE_DOCS', 'WRITE_PICTURES', 'STOPSIGNAL', 'HEALTHCHECK',
  'GATEWAY_PORT', 'PROMETHEUS_PORT', 'GRAFANA_PORT', 'GATEWAY_CONFIG_DIR', 'SECRETS_DIR', 'GATEWAY_IMAGE', 'REDIS_IMAGE',
  'PROMETHEUS_IMAGE', 'GRAFANA_IMAGE',
]); // prettier-ignore

/** Words in capitals that are no variables. */
const otherWords =
  /^(GET|POST|HEAD|PUT|DELETE|PING|INFO|SELECT|SIG[A-Z]+|E[A-Z]{4,}|READONLY|NO[A-Z]+|WRONGPASS|MISCONF|ACL|NAME|NAME_FILE|FILE|LATEST|OTEL_\w+)$/;

const wordsOn = (name: string): ReadonlySet<string> =>
  new Set(inlineCodeOf(pageNamed(name)).flatMap((code) => code.match(/[a-z_0-9]+/gi) ?? []));

describe('the tables that are made from the code', () => {
  it('are current', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    // A stale build is built first, which it says.
    expect([status, stdout.replace(/^Building…\n/, ''), stderr]).toEqual([0, '', '']);
  }, 240_000);

  it('are all there', () => {
    const script = readFileSync(join(root, 'src/config/reference-tables.ts'), 'utf8');
    const made = [...script.matchAll(/\['([\w-]+)', \w+\(/g)].map(([, name = '']) => name);
    const text = pages()
      .map((page) => page.text)
      .join('\n');
    expect(made.length).toBeGreaterThan(8);
    for (const name of [...made, 'floors']) {
      expect(text).toContain(`<!-- ${name}:start -->`);
      expect(text).toContain(`<!-- ${name}:end -->`);
    }
  });
});

describe('docs/keys.md', () => {
  const words = wordsOn('docs/keys.md');

  it('names every field that keys, teams, users and customers have', () => {
    const shapes = [generateShape, updateShape, regenerateShape, newTeamShape, newUserShape, customerShape];
    const fields = [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
    expect(fields.length).toBeGreaterThan(50);
    expect(fields.filter((field) => !words.has(field))).toEqual([]);
  });

  it('has no row for a field that nothing knows', () => {
    const shapes = [generateShape, updateShape, regenerateShape, newTeamShape, newUserShape, customerShape];
    const known = new Set(shapes.flatMap((shape) => Object.keys(shape)));
    const { text } = pageNamed('docs/keys.md');
    const tables = text.split('\n\n').filter((part) => /^\| field +\|/.test(part));
    const named = tables.flatMap((table) =>
      table
        .split('\n')
        .slice(2)
        .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, field = '']) => field)),
    );
    expect(tables).toHaveLength(5);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((field) => !known.has(field))).toEqual([]);
    expect(named.filter((field) => keptKeyFields.has(field))).toEqual([]);
  });

  it('shows every setting of keys', () => {
    const { text } = pageNamed('docs/keys.md');
    for (const key of [...Object.keys(keysKeys.general), ...Object.keys(keysKeys.litellm)]) expect(text).toContain(key);
  });
});

it('docs/adr/0005-dependencies.md has a reason for every package that is installed with the gateway, and for no other', () => {
  const rows = pageNamed('docs/adr/0005-dependencies.md')
    .text.split('\n')
    .filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    Readonly<Record<string, string>>
  >;
  expect(named.sort()).toEqual(Object.keys({ ...dependencies, ...optionalDependencies }).sort());
});

it('docs/routing.md names every setting of routing', () => {
  const { text } = pageNamed('docs/routing.md');
  const keys = [...Object.keys(routingKeys.router), ...Object.keys(routingKeys.deployment)];
  // Other spellings, and what is always on, stand in the reference only.
  const others = [
    'enable_pre_call_check',
    'max_retries',
    'enable_health_check_routing',
    'default_max_parallel_requests',
  ];
  expect(keys.filter((key) => !text.includes(key) && !others.includes(key))).toEqual([]);
});

it('every variable that a page names is read by the gateway', () => {
  const unknown = pages()
    .filter(({ name }) => !name.startsWith('helm/'))
    .flatMap((page) =>
      inlineCodeOf(page).flatMap((code) => {
        const [, name = ''] = /^([A-Z][A-Z0-9_]{3,})(?:=.*)?$/.exec(code) ?? [];
        if (name === '' || otherWords.test(name) || otherVariables.has(name)) return [];
        const plain = name.endsWith('_FILE') ? name.slice(0, -5) : name;
        const isKnown = Object.hasOwn(envSchema.shape, name) || Object.hasOwn(envSchema.shape, plain);
        return isKnown ? [] : [`${page.name}: ${name}`];
      }),
    );
  expect(unknown).toEqual([]);
});

it('every file of the project that a page names is there', () => {
  const named = pages().flatMap((page) =>
    inlineCodeOf(page).flatMap((code) =>
      /^[\w.-]+(?:\/[\w.-]+)+\.(?:ts|mjs|cjs|yml|acl|sh|json)$/.test(code) ? [[page.name, code] as const] : [],
    ),
  );
  expect(named.length).toBeGreaterThan(15);
  const isThere = (page: string, path: string): boolean =>
    ['', 'src', dirname(page)].some((folder) => existsSync(join(root, folder, path)));
  // Files of the gateway's user are no files of the project.
  const missing = named.filter(([page, path]) => !isThere(page, path) && !/^(state|\.codex)/.test(path));
  expect(missing).toEqual([]);
});
