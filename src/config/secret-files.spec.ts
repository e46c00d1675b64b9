import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { envSchema, readEnv, tryReadEnv } from './env.schema';
import { loadSettings } from './load-settings';

const key = 'sk-a-master-key-of-the-team-0123';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-files-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('NAME_FILE', () => {
  it('gives NAME the content of the file, without white space around it', () => {
    const env = {
      LITELLM_MASTER_KEY_FILE: file('master', `\n${key}\n`),
      GATEWAY_SALT_KEY_FILE: file('salt', 'a salt with spaces inside\r\n'),
      REDIS_PASSWORD_FILE: file('redis', 'p@ss word'),
      DRAIN_TIMEOUT_SECONDS_FILE: file('drain', '20\n'),
    };
    expect(readEnv(env)).toEqual({
      LITELLM_MASTER_KEY: key,
      GATEWAY_SALT_KEY: 'a salt with spaces inside',
      REDIS_PASSWORD: 'p@ss word',
      DRAIN_TIMEOUT_SECONDS: 20_000,
    });
  });

  it('takes an empty file as an empty variable: absent, except the master key', () => {
    const empty = file('empty', '\n');
    const env = readEnv({ CODEX_ACCESS_TOKEN_FILE: empty, LITELLM_MASTER_KEY_FILE: empty, GATEWAY_SALT_KEY_FILE: ' ' });
    expect(env).toEqual({ LITELLM_MASTER_KEY: '' });
  });

  it('refuses a file that cannot be read, one that is too large, and a variable set twice, and shows no path', () => {
    const { environment, faults } = tryReadEnv({
      REDIS_PASSWORD_FILE: join(folder, 'nowhere-secret'),
      GATEWAY_SALT_KEY_FILE: folder,
      CODEX_ACCESS_TOKEN_FILE: file('huge', 'x'.repeat(70_000)),
      LITELLM_MASTER_KEY: key,
      LITELLM_MASTER_KEY_FILE: file('again', key),
      PORT: '4001',
    });
    expect(environment).toEqual({ PORT: 4_001 });
    expect(faults).toEqual([
      {
        place: 'environment LITELLM_MASTER_KEY_FILE',
        message: 'is set together with LITELLM_MASTER_KEY; keep one of the two',
      },
      { place: 'environment GATEWAY_SALT_KEY_FILE', message: 'names a file that cannot be read (EISDIR)' },
      { place: 'environment REDIS_PASSWORD_FILE', message: 'names a file that cannot be read (ENOENT)' },
      {
        place: 'environment CODEX_ACCESS_TOKEN_FILE',
        message: 'names a file of more than 64 KiB, which is no secret',
      },
    ]);
    expect(JSON.stringify(faults)).not.toContain(folder);
  });

  it('does not wait for a pipe that nobody writes', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(readEnv({ REDIS_PASSWORD_FILE: pipe })).toEqual({});
  });

  it('names the configuration file too', () => {
    const config = file('named.yaml', `general_settings: {master_key: ${key}}\n`);
    const env = { CONFIG_FILE_PATH_FILE: file('path', `${config}\n`) };
    const settings = loadSettings({ env, argv: [], cwd: folder, homeDir: folder });
    expect(settings).toMatchObject({ configFile: config, masterKey: key });
    const unreadable = { CONFIG_FILE_PATH_FILE: join(folder, 'nowhere') };
    expect(() => loadSettings({ env: unreadable, argv: [], cwd: folder, homeDir: folder })).toThrow(
      'CONFIG_FILE_PATH_FILE: names a file that cannot be read (ENOENT)',
    );
  });

  it('never means a variable of its own', () => {
    const names = Object.keys(envSchema.shape);
    expect(names.filter((name) => names.includes(`${name}_FILE`))).toEqual([]);
  });
});

describe('os.environ/NAME', () => {
  const start = (env: Record<string, string>, config: string): ReturnType<typeof loadSettings> =>
    loadSettings({ env, argv: ['--config', file('config.yaml', config)], cwd: folder, homeDir: folder });

  it('finds the value in the file that NAME_FILE names', () => {
    const config = 'general_settings:\n  master_key: os.environ/PROXY_MASTER_KEY\n';
    const settings = start({ PROXY_MASTER_KEY_FILE: file('proxy', `${key}\n`) }, config);
    expect(settings).toMatchObject({ masterKey: key, listen: { host: '0.0.0.0' } });
    expect(settings.warnings).toEqual([]);
  });

  it('finds it there too where NAME is set and empty, which counts as absent', () => {
    const config = 'general_settings:\n  master_key: os.environ/PROXY_MASTER_KEY\n';
    const settings = start({ PROXY_MASTER_KEY: '', PROXY_MASTER_KEY_FILE: file('proxy', key) }, config);
    expect([settings.masterKey, settings.warnings]).toEqual([key, []]);
  });

  it('warns of a file that cannot be read, and then counts as empty', () => {
    const config =
      'litellm_settings:\n  cache_params: {host: cache, password: os.environ/CACHE_WORD, type: redis}\n' +
      'general_settings: {master_key: sk-another-master-key-01234}\n';
    const unreadable = { CACHE_WORD_FILE: join(folder, 'nowhere'), GATEWAY_SALT_KEY: 'salt-0123456789abcdef' };
    const { warnings, redis } = start(unreadable, config);
    expect(redis?.password).toBeUndefined();
    expect(warnings).toEqual([
      expect.stringMatching(/config\.yaml:2 .*password: CACHE_WORD_FILE names a file that cannot be read \(ENOENT\)/),
    ]);
  });

  it('leaves a master key from a file in force when config.yaml refers to one that is not there', () => {
    const secret = file('mode', key);
    chmodSync(secret, 0o400);
    const config = 'general_settings:\n  master_key: os.environ/ABSENT_KEY\n';
    const { masterKey, warnings } = start({ GATEWAY_MASTER_KEY_FILE: secret }, config);
    expect(masterKey).toBe(key);
    expect(warnings.join('\n')).toMatch(/ABSENT_KEY is not set; the value counts as empty/);
  });
});
