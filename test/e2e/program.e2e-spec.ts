import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chatBody, post } from '../support/calls';
import { ProgramBench } from '../support/program';

let bench: ProgramBench;

beforeAll(async () => {
  bench = await ProgramBench.start();
});
afterAll(async () => {
  await bench.close();
});

describe('the commands', () => {
  it('explain themselves and say their version', async () => {
    const help = await bench.run(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const word of ['check-config', '--config', '--port', 'version']) expect(help.stdout).toContain(word);
    const version = await bench.run(['version']);
    expect(version).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^codex-gateway \d+\.\d+\.\d+\n$/) as string,
    });
    expect(await bench.run(['--version'])).toEqual(version);
  });

  it('refuse an unknown word with the help', async () => {
    const answer = await bench.run(['dance']);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain('Unknown command: dance');
    expect(answer.stderr).toContain('check-config');
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

  it('on a busy port says so and ends with 1', async () => {
    const { port } = new URL(bench.simulator.url);
    const answer = await bench.run(['--port', port, '--host', '127.0.0.1']);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain('EADDRINUSE');
  });

  it('with a hook file that is not there names it and ends with 1', async () => {
    const file = bench.write('hookless.yaml', 'codex_hooks: [./nowhere.js]\n');
    const answer = await bench.run(['--port', '0', '--config', file]);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain('nowhere.js');
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
