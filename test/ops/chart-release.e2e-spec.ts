import { at, chartFolder, describeWithHelm, helm, type HelmAnswer, type Values } from '../support/chart';
import { KubernetesApi } from '../support/kubernetes-api';

/** A real Helm that installs, upgrades and uninstalls, against an API that keeps what it is given. */
describeWithHelm('a release of the chart', () => {
  let api: KubernetesApi;
  beforeEach(async () => {
    api = await KubernetesApi.start();
  });
  afterEach(() => api.close());

  function run(words: readonly string[], values: Values = {}): Promise<HelmAnswer> {
    const flags = ['--kube-apiserver', api.url, '--namespace', 'codex'];
    const checks = words[0] === 'uninstall' ? [] : ['--disable-openapi-validation'];
    return helm([...words, ...flags, ...checks], values);
  }

  const secret = (name: string): Readonly<Record<string, string>> => {
    const found = api.ofKind('Secret').find(({ metadata }) => metadata.name === `gw-codex-gateway-${name}`);
    return (at(found, 'data') ?? {}) as Record<string, string>;
  };
  const opened = (name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(secret(name)).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );

  it('makes its keys once, keeps them over upgrades, and leaves them behind', async () => {
    expect(await run(['install', 'gw', chartFolder])).toMatchObject({ status: 0 });
    expect(opened('masterkey')).toEqual({ masterkey: expect.stringMatching(/^sk-[A-Za-z0-9]{48}$/) as string });
    expect(opened('saltkey')).toEqual({ saltkey: expect.stringMatching(/^[A-Za-z0-9]{48}$/) as string });
    const roles = ['redis_gateway_password', 'redis_reader_password', 'redis_operator_password'];
    expect(Object.keys(opened('redis')).sort()).toEqual(roles.sort());
    expect(new Set(Object.values(opened('redis'))).size).toBe(3);
    const before = ['masterkey', 'saltkey', 'redis'].map(secret);
    expect(await run(['upgrade', 'gw', chartFolder], { replicaCount: 4 })).toMatchObject({ status: 0 });
    const [deployment] = api.ofKind('Deployment');
    expect(at(deployment, 'spec.replicas')).toBe(4);
    expect(['masterkey', 'saltkey', 'redis'].map(secret)).toEqual(before);
    expect(await run(['uninstall', 'gw'])).toMatchObject({ status: 0 });
    expect(api.ofKind('Deployment')).toEqual([]);
    expect(['masterkey', 'saltkey', 'redis'].map(secret)).toEqual(before);
  });

  it('takes a key that is given over one that was made', async () => {
    await run(['install', 'gw', chartFolder]);
    const masterkey = 'sk-a-master-key-of-our-own-0123';
    await run(['upgrade', 'gw', chartFolder], { masterkey });
    expect(opened('masterkey')).toEqual({ masterkey });
  });

  it('tells how to reach it, what is missing, and what does nothing, without showing a key', async () => {
    const { stdout } = await run(['install', 'gw', chartFolder], {
      db: { deployStandalone: true },
      masterkey: 'sk-a-master-key-of-our-own-0123',
    });
    const notes = stdout.slice(stdout.indexOf('NOTES:'));
    expect(notes).toContain('kubectl -n codex get secret gw-codex-gateway-masterkey');
    expect(notes).toContain('http://gw-codex-gateway.codex:4000/v1');
    expect(notes).toContain('No login was named');
    expect(notes).toContain('pods of the namespaces ingress-nginx, monitoring');
    expect(notes).toContain('Keep the salt key');
    expect(notes).toContain('do nothing here: db (there is no SQL database)');
    expect(notes).not.toContain('sk-a-master-key');
  });

  it('says less where all is given', async () => {
    const { stdout } = await run(['install', 'gw', chartFolder], {
      credentials: { accessToken: { secretName: 'codex-token' } },
      saltkeySecretName: 'keys',
      networkPolicy: { enabled: false },
      ingress: { enabled: true, tls: [{ secretName: 'tls', hosts: ['gateway.example.com'] }] },
    });
    const notes = stdout.slice(stdout.indexOf('NOTES:'));
    expect(notes).toContain('https://gateway.example.com/v1');
    for (const words of ['No login', 'Keep the salt key', 'do nothing here', 'Let in'])
      expect(notes).not.toContain(words);
  });
});
