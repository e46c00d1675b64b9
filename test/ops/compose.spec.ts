import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { type ComposeFile, composeFile, type ComposeService, describeWithCompose } from '../support/compose-file';

const profiles = ['default', 'demo'] as const;
const root = join(__dirname, '..', '..');

describeWithCompose.each(profiles)('docker-compose.yml with the profile %s', (profile) => {
  let file: ComposeFile;
  let services: [string, ComposeService][];
  beforeAll(() => {
    file = composeFile(profile);
    services = Object.entries(file.services);
  });

  const service = (name: string): ComposeService => {
    const found = file.services[name];
    if (found === undefined) throw new Error(`There is no service ${name}.`);
    return found;
  };
  const gatewayName = profile === 'demo' ? 'gateway-demo' : 'gateway';
  const gateway = (): ComposeService => service(gatewayName);
  /** Where each place inside is mounted from. */
  const mountsOf = ({ volumes }: ComposeService): Map<string, string> =>
    new Map(
      volumes.map((volume) => {
        const [from = '', to = ''] = volume.split(':');
        return [to, from];
      }),
    );

  it('is taken by docker-compose and holds the parts of the stack', () => {
    const own = profile === 'demo' ? ['simulator'] : [];
    expect(Object.keys(file.services).sort()).toEqual([gatewayName, ...own, 'grafana', 'prometheus', 'redis'].sort());
  });

  it('gives no process more rights than it needs, nor a place to write beside its volumes', () => {
    for (const [name, each] of services) {
      expect([name, each.read_only, each.cap_drop, each.cap_add, each.privileged]).toEqual([
        name,
        true,
        ['ALL'],
        undefined,
        undefined,
      ]);
      expect([name, each.security_opt]).toEqual([name, ['no-new-privileges:true']]);
      expect(each.volumes.join()).not.toContain('docker.sock');
    }
  });

  it('takes images of others by version', () => {
    const foreign = services.filter(([, { build }]) => build === undefined).map(([, { image }]) => image);
    expect(foreign).toHaveLength(3);
    for (const image of foreign) expect(image).toMatch(/:v?\d+\.\d+/);
  });

  it('builds what the Dockerfile has', () => {
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const targets = services.flatMap(([, { build }]) => build?.target ?? []);
    for (const target of targets) expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${target}$`, 'm'));
  });

  it('hands secrets over by file: none stands in an environment, and make-secrets.sh makes each', () => {
    const script = readFileSync(join(root, 'deploy', 'make-secrets.sh'), 'utf8');
    for (const [name, { file: path }] of Object.entries(file.secrets)) {
      expect(basename(path)).toBe(name);
      expect(script).toContain(name);
    }
    for (const [, each] of services) {
      const handed = each.secrets.map(({ source }) => `/run/secrets/${source}`);
      const named = Object.entries(each.environment).filter(([variable]) => variable.endsWith('_FILE'));
      expect(handed).toEqual(
        expect.arrayContaining(named.filter(([variable]) => variable !== 'CODEX_AUTH_FILE').map(([, path]) => path)),
      );
      const bare = Object.keys(each.environment).filter((variable) => /(KEY|PASSWORD|TOKEN|SECRET)$/.test(variable));
      expect(bare).toEqual([]);
    }
  });

  it('mounts only what is in the repository', () => {
    const folders = services.flatMap(([, each]) => [...mountsOf(each).values()]).filter((from) => from.startsWith('/'));
    expect(folders.length).toBeGreaterThanOrEqual(5);
    for (const from of folders) expect([from, existsSync(from)]).toEqual([from, true]);
  });

  it('lets running streams finish before it kills, and keeps the heap below the limit', () => {
    const { environment, stop_grace_period, mem_limit } = gateway();
    const [, minutes = '0', seconds = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(stop_grace_period ?? '') ?? [];
    const graceSeconds = Number(minutes) * 60 + Number(seconds);
    expect(graceSeconds).toBeGreaterThanOrEqual(Number(environment['DRAIN_TIMEOUT_SECONDS']) + 10);
    expect(environment['TERMINATION_GRACE_PERIOD_SECONDS']).toBe(String(graceSeconds));
    const heapMegabytes = Number(/--max-old-space-size=(\d+)/.exec(environment['NODE_OPTIONS'] ?? '')?.[1]);
    expect(mem_limit).toBe('1g');
    expect(heapMegabytes).toBeLessThan(1_024 * 0.8);
  });

  it('keeps Redis where only the gateway is, and opens nothing but the gateway to the network', () => {
    expect(file.networks['state']).toEqual({ internal: true });
    const inState = services.filter(([, { networks }]) => 'state' in networks).map(([name]) => name);
    expect(inState.sort()).toEqual([gatewayName, 'redis'].sort());
    const open = services.flatMap(([name, { ports }]) =>
      ports.filter((port) => !JSON.stringify(port).includes('127.0.0.1')).map(() => name),
    );
    expect(open).toEqual(profile === 'demo' ? [] : ['gateway']);
  });

  it('wires Prometheus to the gateway, for fifteen days of history', () => {
    const settings = parse(readFileSync(join(root, 'deploy', 'prometheus', 'prometheus.yml'), 'utf8')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
      rule_files: string[];
    };
    const job = settings.scrape_configs.find(({ job_name }) => job_name === 'codex-gateway');
    expect(job?.static_configs[0]?.targets).toEqual(['gateway:4000']);
    const names = profile === 'demo' ? gateway().networks['front']?.aliases : [gatewayName];
    expect(names).toContain('gateway');
    expect(JSON.stringify(gateway().ports)).toContain('4000');
    expect(service('prometheus').command).toContain('--storage.tsdb.retention.time=15d');
    const folder = mountsOf(service('prometheus')).get('/etc/prometheus') ?? '';
    for (const path of settings.rule_files) expect(existsSync(join(folder, basename(path)))).toBe(true);
  });

  it('provisions Grafana with Prometheus as its source and the dashboards of the repository', () => {
    const mounts = mountsOf(service('grafana'));
    const provisioning = mounts.get('/etc/grafana/provisioning') ?? '';
    const source = readFileSync(join(provisioning, 'datasources', 'prometheus.yml'), 'utf8');
    expect(parse(source)).toMatchObject({ datasources: [{ uid: 'prometheus', url: 'http://prometheus:9090' }] });
    const boards = readFileSync(join(provisioning, 'dashboards', 'codex-gateway.yml'), 'utf8');
    const { providers } = parse(boards) as { providers: { options: { path: string } }[] };
    const paths = providers.map(({ options }) => mounts.get(options.path));
    expect(paths).toEqual([join(root, 'deploy', 'grafana', 'dashboards')]);
  });

  it('starts Redis through the script of the repository', () => {
    const { entrypoint, tmpfs } = service('redis');
    expect(entrypoint).toEqual(['sh', '/conf/start.sh', '/conf', '/run/secrets', '/run/redis', '--dir', '/data']);
    expect(tmpfs).toEqual(['/run/redis']);
    expect(mountsOf(service('redis')).get('/conf')).toBe(join(root, 'deploy', 'redis'));
  });
});

describeWithCompose('docker-compose.yml', () => {
  it('takes ports, images and folders from the environment', () => {
    const env = {
      GATEWAY_PORT: '8080',
      GATEWAY_IMAGE: 'registry.example/gateway:1',
      SECRETS_DIR: '/srv/secrets',
      GATEWAY_CONFIG_DIR: '/srv/config',
    };
    const { services, secrets } = composeFile('default', env);
    expect(services['gateway']).toMatchObject({
      image: 'registry.example/gateway:1',
      ports: [{ published: '8080', target: 4_000 }],
      volumes: ['state:/state:rw', '/srv/config:/config:ro'],
    });
    expect(secrets['master_key']).toEqual({ file: '/srv/secrets/master_key' });
  });

  it('starts nothing when no profile is named', () => {
    const output = execFileSync('docker-compose', ['config'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    const { services } = parse(output) as { services: Record<string, { profiles?: string[] }> };
    for (const { profiles: named = [] } of Object.values(services)) expect(named.length).toBeGreaterThan(0);
  });
});
