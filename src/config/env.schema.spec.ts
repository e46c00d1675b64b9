import { readFileSync } from 'node:fs';
import { ConfigFault } from './config-fault';
import { readEnv, tryReadEnv } from './env.schema';
import { environmentTable } from './environment-table';

describe('readEnv', () => {
  it('names every bad variable at once and shows no value', () => {
    const source = {
      PORT: 'port-of-call',
      CODEX_BASE_URL: 'https://user:hunter2@host/',
      CODEX_MODE: 'perhaps',
      DRAIN_TIMEOUT_SECONDS: '-1',
    };
    expect(() => readEnv(source)).toThrow(ConfigFault);
    try {
      readEnv(source);
    } catch (error) {
      const message = String(error);
      for (const name of Object.keys(source)) expect(message).toContain(`environment ${name}:`);
      for (const value of ['port-of-call', 'hunter2', 'perhaps']) expect(message).not.toContain(value);
    }
  });

  it.each([
    ['without a scheme', 'pr0xy-secret.example:3128'],
    ['of another kind', 'socks5://ada:pr0xy-secret@proxy.example:1080'],
    ['with a broken password', 'http://ada:pr0xy-secret%zz@proxy.example:3128'],
    ['without a host', 'http://'],
    ['of nonsense', 'http://ada:pr0xy-secret@pro xy:99999'],
  ])('refuses a proxy %s in each of the four variables, and shows none', (_, value) => {
    const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
    const { faults } = tryReadEnv(Object.fromEntries(names.map((name) => [name, value])));
    expect(faults.map(({ place }) => place).sort()).toEqual(names.map((name) => `environment ${name}`).sort());
    expect(JSON.stringify(faults)).not.toContain('pr0xy-secret');
    expect(faults[0]?.message).toContain('must be an http or https URL');
  });

  it('takes a proxy with user name and password, without the white space around it', () => {
    const HTTPS_PROXY = 'http://ada:p%40ss@proxy.example:3128';
    expect(readEnv({ HTTPS_PROXY: ` ${HTTPS_PROXY}\n` })).toEqual({ HTTPS_PROXY });
  });

  it('turns words, numbers and seconds into values', () => {
    const env = readEnv({
      PORT: ' 8080 ',
      CODEX_MODE: 'No',
      DRAIN_TIMEOUT_SECONDS: '0.5',
      LITELLM_LOG: 'WARNING',
      TRUSTED_PROXY_HOPS: '2',
    });
    expect(env).toEqual({
      PORT: 8080,
      CODEX_MODE: false,
      DRAIN_TIMEOUT_SECONDS: 500,
      LITELLM_LOG: 'warn',
      TRUSTED_PROXY_HOPS: 2,
    });
  });

  it('takes origins of pages as browsers send them, or any, and nothing that no browser sends', () => {
    expect(readEnv({ LITELLM_CORS_ORIGINS: ' https://a.example , http://localhost:3000,' })).toEqual({
      LITELLM_CORS_ORIGINS: ['https://a.example', 'http://localhost:3000'],
    });
    expect(readEnv({ LITELLM_CORS_ORIGINS: '*' })).toEqual({ LITELLM_CORS_ORIGINS: ['*'] });
    for (const wrong of ['https://a.example/', 'a.example', 'https://*.example', 'null'])
      expect(() => readEnv({ LITELLM_CORS_ORIGINS: wrong })).toThrow(
        'environment LITELLM_CORS_ORIGINS: must be origins',
      );
  });

  it('takes an empty variable as absent, except the master key, and leaves foreign ones alone', () => {
    expect(readEnv({ PORT: '', STATE_DIR: ' ', HOME: '/root', LITELLM_MASTER_KEY: '' })).toEqual({
      LITELLM_MASTER_KEY: '',
    });
  });

  it.each([['70000'], ['1.5'], ['-1'], ['0x10']])('refuses %s as a port', (value) => {
    expect(() => readEnv({ PORT: value })).toThrow('environment PORT: must be a whole number from 0 to 65535');
  });
});

describe('environmentTable', () => {
  it('is the table of the documentation', () => {
    const page = readFileSync('docs/configuration.md', 'utf8');
    const block = /<!-- environment:start -->\n([^]*?)\n<!-- environment:end -->/.exec(page)?.[1];
    expect(block?.trim()).toBe(environmentTable());
  });

  it('has a row with a meaning for every variable', () => {
    const rows = environmentTable().split('\n').slice(2);
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) expect(row).toMatch(/^\| `\w+` \| (`.+`)? \| .{5,} \|$/);
  });
});
