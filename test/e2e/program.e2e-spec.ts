import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chatBody, post, send } from '../support/calls';
import { ProgramBench, type Served } from '../support/program';

let bench: ProgramBench;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterAll(async () => {
  await bench.close();
});

/** What it logged so far. */
function linesOf(served: Served): Record<string, unknown>[] {
  const lines = served.output().trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const main = join(__dirname, '..', '..', 'dist', 'main.js');

describe('the commands', () => {
  (existsSync('/dev/full') ? it : it.skip)('say in one line that their output cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    for (const words of [['version'], ['help'], ['serve', '--help']]) {
      const { status, stderr } = spawnSync(process.execPath, [main, ...words], { stdio: ['ignore', full, 'pipe'] });
      expect([status, String(stderr)]).toEqual([1, 'The output cannot be written (ENOSPC).\n']);
    }
    closeSync(full);
  });

  it('explain themselves and say their version', async () => {
    const help = await bench.run(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const word of ['check-config', '--config', '--port', 'version']) expect(help.stdout).toContain(word);
    expect(await bench.run(['help'])).toEqual(help);
    const version = await bench.run(['version']);
    expect(version).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^codex-gateway \d+\.\d+\.\d+\n$/) as string,
    });
    expect(await bench.run(['--version'])).toEqual(version);
    const [, number = ''] = /^codex-gateway (\S+)/.exec(version.stdout) ?? [];
    for (const word of ['version', '--version']) {
      const { status, stdout, stderr } = await bench.run([word, '--json']);
      expect([status, stderr, JSON.parse(stdout)]).toEqual([0, '', { version: number, node: process.versions.node }]);
    }
    expect(await bench.run(['version', '--jsn'])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('version [--json]') as string,
    });
  });

  it('refuse an unknown word with the help', async () => {
    const answer = await bench.run(['dance']);
    expect(answer.status).toBe(2);
    expect(answer.stderr).toContain('Unknown command: dance');
    expect(answer.stderr).toContain('check-config');
    expect(await bench.run(['dance', '--help'])).toEqual(answer);
  });

  it('each print their own help, and do nothing else', async () => {
    for (const command of ['serve', 'check-config', 'login', 'logout', 'accounts', 'usage', 'reconcile', 'version']) {
      const { status, stdout, stderr } = await bench.run([command, '--help']);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(command === 'serve' ? /main\.js \[--config/ : new RegExp(`main\\.js ${command} `));
      expect(stdout.match(/node dist\/main\.js/g)).toHaveLength(1);
    }
  });

  it('refuse a flag of check-config that nobody knows, without quoting it', async () => {
    for (const words of [['--jsn'], ['--key=sk-secret-word'], ['a.yaml', 'b.yaml']]) {
      const answer = await bench.run(['check-config', ...words]);
      expect([answer.status, answer.stdout]).toEqual([2, '']);
      expect(answer.stderr).toContain('check-config --config FILE [--json] [--probe]');
      expect(answer.stderr).not.toContain('secret');
    }
  });

  it('check the guide’s own file and find nothing wrong', async () => {
    const file = join(__dirname, '..', 'fixtures', 'config', 'users-guide.yaml');
    const answer = await bench.run(['check-config', '--config', file]);
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toContain('general_settings.master_key');
    expect(answer.stdout).toContain('custom_provider_map');
    expect(answer.stdout).not.toContain('sk-your-master-key-12345');
    const asJson: unknown = JSON.parse((await bench.run(['check-config', '--json', '--config', file])).stdout);
    expect(asJson).toMatchObject({ faults: [] });
  });

  it('check a faulty file, name the lines and end with 1', async () => {
    const file = bench.write(
      'faulty.yaml',
      'general_settings:\n  master_key: short\nmodel_list:\n  - model_name: a\n    litellm_params: {}\n',
    );
    const answer = await bench.run(['check-config', '--config', file]);
    expect(answer.status).toBe(1);
    expect(answer.stdout).toMatch(/master_key/);
    expect(answer.stdout).toMatch(/litellm_params/);
    expect(answer.stdout).toMatch(/\b2\b/);
    // What the rooms say of settings that the file only hands on.
    const rules = bench.write('rules.yaml', 'litellm_settings:\n  default_key_generate_params: { max_bugdet: 5 }\n');
    for (const command of ['check-config', 'doctor']) {
      const told = await bench.run([command, '--config', rules]);
      expect(told.status).toBe(1);
      expect(told.stdout).toMatch(/litellm_settings\.default_key_generate_params: Unknown field 'max_bugdet'/);
      if (command === 'check-config') expect(told.stdout).toContain('rules.yaml:2 litellm_settings');
    }
    const missing = await bench.run(['check-config', '--config', 'nowhere.yaml']);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('nowhere.yaml');
  });
});

describe('a start', () => {
  it('with settings that cannot be used names every fault at once and ends with 1', async () => {
    const file = bench.write('bad.yaml', 'model_list:\n  - model_name: a\n    litellm_params: {}\n');
    const answer = await bench.run(['--config', file], { PORT: 'many', GATEWAY_MASTER_KEY: 'short' });
    expect(answer.status).toBe(1);
    expect(answer.stdout).toBe('');
    for (const word of ['PORT', 'GATEWAY_MASTER_KEY', 'litellm_params']) expect(answer.stderr).toContain(word);
    expect(answer.stderr).not.toMatch(/\n\s+at /);
  });

  it('on a busy port says so once, with what to do, and ends with 1', async () => {
    const { port } = new URL(bench.simulator.url);
    const answer = await bench.run(['--port', port, '--host', '127.0.0.1']);
    expect(answer).toEqual({
      status: 1,
      stdout: '',
      stderr: `Codex Gateway cannot start: port ${port} of 127.0.0.1 is in use: choose another with --port (EADDRINUSE)\n`,
    });
  });

  it('with a proxy that is none names the variable, shows nothing of it and ends with 1', async () => {
    for (const value of ['ada:pr0xy-secret@proxy:3128', 'http://ada:pr0xy-secret@proxy:99999']) {
      const answer = await bench.run(['--port', '0'], { HTTPS_PROXY: value });
      expect([answer.status, answer.stdout]).toEqual([1, '']);
      expect(answer.stderr).toContain('environment HTTPS_PROXY: must be an http or https URL');
      expect(answer.stderr).not.toContain('pr0xy-secret');
    }
  });

  it('with a hook file that is not there names it and ends with 1', async () => {
    const file = bench.write('hookless.yaml', 'codex_hooks: [./nowhere.js]\n');
    const answer = await bench.run(['--port', '0', '--config', file]);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toMatch(/hookless\.yaml:1 codex_hooks: the file \S+nowhere\.js is missing/);
  });

  it('names the file that it read, and says nothing when all is well', async () => {
    const file = bench.write('well.yaml', 'model_list: []\n');
    const served = await bench.serve(['--config', file]);
    const lines = linesOf(served);
    expect(lines.at(-1)).toMatchObject({ msg: `listening on ${served.url}`, config: file });
    expect(lines.filter(({ level, msg }) => Number(level) > 30 && !String(msg).includes('lock files'))).toEqual([]);
    served.signal('SIGTERM');
    await served.finished;
  });

  it('without a login says which file is missing and how to sign in, before it listens, and tells readiness', async () => {
    const missing = join(bench.folder, 'nobody', 'auth.json');
    const served = await bench.serve([], { CODEX_AUTH_FILE: missing });
    const said = linesOf(served).map(({ level, msg }) => `${String(level)} ${String(msg)}`);
    expect(said).toContainEqual(expect.stringMatching(/^50 there is no login to use/));
    expect(said).toContainEqual(
      expect.stringMatching(
        /^40 No login: \S+nobody\/auth\.json .*`node dist\/main\.js login` \(or `npm start -- login`/,
      ),
    );
    expect(said.at(-1)).toContain('listening on');
    const ready = await send({ url: served.url, key: '' }, '/health/readiness');
    expect(ready).toMatchObject({ status: 200, json: { degraded: ['login_unusable'] } });
    served.signal('SIGTERM');
    await served.finished;
  });

  it('with the STATE_DIR of another gateway says loudly that nothing is renewed', async () => {
    const owner = await bench.serve();
    const second = await bench.serve();
    const taken = 'STATE_DIR belongs to another running gateway: no login is renewed and no key is looked up here';
    expect(linesOf(owner).map(({ msg }) => msg)).not.toContain(taken);
    expect(linesOf(second)).toContainEqual(expect.objectContaining({ level: 50, msg: taken }));
    for (const served of [owner, second]) {
      served.signal('SIGTERM');
      await served.finished;
    }
  });

  it('without a key makes one, keeps it for the owner only and says where', async () => {
    const env = { GATEWAY_MASTER_KEY: undefined, STATE_DIR: join(bench.folder, 'keyless') };
    const first = await bench.serve([], env);
    const path = /[^\s"']*keyless[^\s"']*/.exec(first.output())?.[0] ?? '';
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(new URL(first.url).hostname).toBe('127.0.0.1');
    const key = readFileSync(path, 'utf8').trim();
    expect(key).toMatch(/^sk-\S{20,}$/);
    expect(first.output()).not.toContain(key);
    expect((await post({ url: first.url, key }, '/v1/chat/completions', chatBody())).status).toBe(200);
    first.signal('SIGTERM');
    expect((await first.finished).status).toBe(0);
    const second = await bench.serve([], env);
    expect((await post({ url: second.url, key }, '/v1/chat/completions', chatBody())).status).toBe(200);
    second.signal('SIGINT');
    expect((await second.finished).status).toBe(0);
  });

  it('writes neither key nor token nor prompt into its log', async () => {
    const served = await bench.serve([], { LOG_LEVEL: 'debug' });
    const secret = 'a-prompt-that-nobody-may-log';
    const key = 'sk-test-master-key-of-the-suite';
    await post(
      { url: served.url, key },
      '/v1/chat/completions',
      chatBody({ messages: [{ role: 'user', content: secret }] }),
    );
    await post({ url: served.url, key: 'sk-wrong-key-0123456789' }, '/v1/chat/completions', chatBody());
    await post({ url: served.url, key }, `/v1/nothing/${key}`, {});
    const bearer =
      bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'))?.headers['authorization'] ?? '-';
    served.signal('SIGTERM');
    const { status, stdout, stderr } = await served.finished;
    expect(status).toBe(0);
    expect(stdout).toContain('"route":"/v1/chat/completions"');
    for (const hidden of [secret, key, 'sk-wrong-key-0123456789', bearer.replace('Bearer ', '')]) {
      expect((stdout + stderr).includes(hidden)).toBe(false);
    }
  });
});

describe('a log that cannot be written', () => {
  it.each(['/dev/full'])('ends nobody: %s', async (target) => {
    const served = await bench.serveInto(target, { LITELLM_MASTER_KEY: 'sk-of-a-full-disk-0123456789' });
    const door = { url: served.url, key: 'sk-of-a-full-disk-0123456789' };
    // Lines are written four times a second: the first has failed by the time the last is made.
    const endMs = performance.now() + 1_500;
    let asked = 0;
    while (performance.now() < endMs) {
      const { status } = await post(door, '/v1/chat/completions', chatBody());
      expect(status).toBe(200);
      asked += 1;
    }
    expect(asked).toBeGreaterThan(5);
    served.signal('SIGTERM');
    expect((await served.finished).status).toBe(0);
  });
});
