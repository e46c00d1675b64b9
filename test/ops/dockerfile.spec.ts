import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';

const dockerfile = readFileSync('Dockerfile', 'utf8');
/** Instructions with their continuation lines joined, by stage; the first group stands before any stage. */
const groups = dockerfile
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, ' ')
  .split(/^(?=FROM )/m);
const [head = '', ...stages] = groups;
const nameOf = (stage: string): string => /^FROM \S+ AS (\S+)/.exec(stage)?.[1] ?? '';
const stageOf = (name: string): string => stages.find((stage) => nameOf(stage) === name) ?? '';
const baseOf = (stage: string): string => /^FROM (\S+)/.exec(stage)?.[1] ?? '';

describe('the Dockerfile', () => {
  it('has nothing that the linter minds', () => {
    expect(validate(dockerfile).map(({ message, range }) => ({ message, line: range.start.line + 1 }))).toEqual([]);
  });

  it('takes its bases by exact tag, and by the digests that a release hands in', () => {
    const bases = stages.map(baseOf).filter((base) => base.includes(':'));
    expect(bases).toEqual([
      expect.stringMatching(/^node:24\.\d+\.\d+-bookworm\$\{NODE_DIGEST\}$/),
      'gcr.io/distroless/cc-debian12:nonroot${RUNTIME_DIGEST}',
    ]);
    expect(head).toMatch(/^ARG NODE_DIGEST=""$/m);
    expect(head).toMatch(/^ARG RUNTIME_DIGEST=""$/m);
  });

  it('ends with the gateway, whose stages run no command, because there is no shell', () => {
    expect(nameOf(stages.at(-1) ?? '')).toBe('gateway');
    expect(baseOf(stageOf('gateway'))).toBe('runtime');
    for (const name of ['runtime', 'gateway', 'simulator']) expect(stageOf(name)).not.toMatch(/^RUN /m);
    const commands = dockerfile.match(/^ENTRYPOINT .*|(?<=^HEALTHCHECK .*)CMD .*/gm) ?? [];
    expect(commands).toHaveLength(4);
    for (const command of commands) {
      const words: unknown = JSON.parse(command.replace(/^\w+ /, ''));
      expect(words).toEqual(expect.arrayContaining(['/usr/local/bin/node']));
    }
  });

  it('installs production packages only for what is shipped', () => {
    expect(stageOf('modules')).toMatch(/^RUN npm ci --omit=dev$/m);
    const copied = [...`${stageOf('runtime')}${stageOf('gateway')}`.matchAll(/^COPY --from=(\S+)/gm)].map(
      ([, from]) => from,
    );
    expect(copied).toEqual(['packages', 'modules', 'build', 'build']);
  });
});

describe('the build context', () => {
  it('holds what the Dockerfile copies, and no login, secret, state or test', () => {
    const files = [
      'package.json', '.npmrc', 'src/main.ts', 'src/state/credentials/lua/credential-command.lua', 'test/simulator/main.ts',
      'src/main.spec.ts', 'auth.json', 'login/auth.json', '.env', '.codex-gateway/master-key', 'config.yaml', '.git/config',
      'node_modules/zod/package.json', 'deploy/secrets/master_key', 'test/e2e/chat.e2e-spec.ts', 'src/a/b.spec.ts',
    ]; // prettier-ignore
    const script = `
      import { BuildContext } from './scripts/image/context.mjs';
      const context = new BuildContext('.');
      console.log(JSON.stringify(${JSON.stringify(files)}.filter((file) => !context.isIgnored(file))));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual(files.slice(0, 5));
  });
});
