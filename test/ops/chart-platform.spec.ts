import { at, describeWithHelm, listAt, type Manifest, ofKind, one, render, type Values } from '../support/chart';
import { installations } from '../support/chart-values';

type PodSpec = Readonly<Record<string, unknown>>;

/** Specifications of all pods, by what makes them. */
function podsOf(manifests: readonly Manifest[]): readonly (readonly [string, PodSpec])[] {
  const templates = ['Deployment', 'StatefulSet'].flatMap((kind) => ofKind(manifests, kind));
  const made = templates.map((each) => [each.kind, at(each, 'spec.template.spec') as PodSpec] as const);
  return [...made, ...ofKind(manifests, 'Pod').map((each) => [each.kind, at(each, 'spec') as PodSpec] as const)];
}

const own = (pod: PodSpec): readonly unknown[] =>
  listAt(pod, 'containers').filter((each) => /^(gateway|redis|ask)$/.test(String(at(each, 'name'))));
const policyOf = (manifests: readonly Manifest[], end: string): Manifest => one(manifests, 'NetworkPolicy', end);
const closed: Values = { redis: { enabled: true }, credentials: { accessToken: { secretName: 'token' } } };

describeWithHelm.each(installations)('the platform of an installation with %s', (_, values) => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render(values);
  });

  it('runs as nobody, on a read-only root, without capabilities, escalation or a token, under the default seccomp profile', () => {
    for (const [kind, pod] of podsOf(manifests)) {
      expect([kind, pod['automountServiceAccountToken'], pod['enableServiceLinks']]).toEqual([kind, false, false]);
      expect(pod['securityContext']).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number) as number,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(at(pod, 'securityContext.runAsUser')).not.toBe(0);
      for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) expect(pod).not.toHaveProperty(key);
      for (const container of own(pod)) {
        expect(at(container, 'securityContext')).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
      expect(JSON.stringify(pod)).not.toContain('hostPath');
    }
    for (const account of ofKind(manifests, 'ServiceAccount'))
      expect(at(account, 'automountServiceAccountToken')).toBe(false);
    expect(manifests.filter(({ kind }) => kind.includes('Role'))).toEqual([]);
  });

  it('bounds memory, and keeps the heap of Node below the bound', () => {
    for (const [, pod] of podsOf(manifests)) {
      for (const container of own(pod)) {
        expect(at(container, 'resources.requests.memory')).toEqual(expect.any(String));
        expect(at(container, 'resources.limits.memory')).toEqual(expect.any(String));
      }
    }
    const env = listAt(one(manifests, 'Deployment'), 'spec.template.spec.containers.0.env');
    const options = env.find((variable) => at(variable, 'name') === 'NODE_OPTIONS');
    const workers = Number(
      at(
        env.find((variable) => at(variable, 'name') === 'NUM_WORKERS'),
        'value',
      ),
    );
    const heap = Number(/max-old-space-size=(\d+)/.exec(String(at(options, 'value')))?.[1]);
    expect(heap * workers).toBeLessThan(1_024 * 0.75);
  });

  it('gives streams more time to end than they may take, and restarts nothing that only drains', () => {
    const spec = at(one(manifests, 'Deployment'), 'spec.template.spec');
    const env = listAt(spec, 'containers.0.env');
    const drain = Number(
      at(
        env.find((variable) => at(variable, 'name') === 'DRAIN_TIMEOUT_SECONDS'),
        'value',
      ),
    );
    const grace = Number(at(spec, 'terminationGracePeriodSeconds'));
    expect(grace).toBeGreaterThanOrEqual(drain + 10);
    // The gateway checks it once more at start.
    expect(env).toContainEqual({ name: 'TERMINATION_GRACE_PERIOD_SECONDS', value: String(grace) });
    expect(at(spec, 'containers.0.livenessProbe.httpGet')).toEqual({ path: '/health/liveliness', port: 'http' });
    expect(at(spec, 'containers.0.readinessProbe.httpGet')).toEqual({ path: '/health/readiness', port: 'http' });
    expect(at(spec, 'containers.0.startupProbe.httpGet')).toEqual({ path: '/health/liveliness', port: 'http' });
    // A shell would be missing.
    expect(JSON.stringify(at(spec, 'containers.0.lifecycle') ?? {})).not.toContain('exec');
  });

  it('spreads replicas', () => {
    const constraints = listAt(one(manifests, 'Deployment'), 'spec.template.spec.topologySpreadConstraints');
    expect(constraints.length).toBeGreaterThan(0);
    for (const constraint of constraints) {
      expect(at(constraint, 'labelSelector.matchLabels')).toMatchObject({ 'app.kubernetes.io/instance': 'gw' });
    }
  });

  it('mounts secrets read-only, and writes to its state only', () => {
    const spec = at(one(manifests, 'Deployment'), 'spec.template.spec');
    const mounts = listAt(spec, 'containers.0.volumeMounts');
    const writable = mounts.filter((mount) => at(mount, 'readOnly') !== true).map((mount) => at(mount, 'mountPath'));
    expect(writable.filter((place) => place !== '/hooks')).toEqual(['/state']);
    expect(JSON.stringify(mounts)).not.toContain('subPath');
  });
});

describeWithHelm('the platform', () => {
  it('lets in the ingress controller and monitoring only', async () => {
    const policy = policyOf(await render(closed), 'codex-gateway');
    expect(at(policy, 'spec.policyTypes')).toEqual(['Ingress', 'Egress']);
    expect(listAt(policy, 'spec.ingress')).toHaveLength(1);
    const from = listAt(policy, 'spec.ingress.0.from');
    const namespaces = from.flatMap(
      (peer) => Object.values(at(peer, 'namespaceSelector.matchLabels') ?? {}) as unknown[],
    );
    expect(namespaces).toEqual(['ingress-nginx', 'monitoring']);
    const pods = from.flatMap((peer) => at(peer, 'podSelector.matchLabels') ?? []);
    expect(pods).toEqual([{ 'app.kubernetes.io/instance': 'gw', 'app.kubernetes.io/component': 'test' }]);
    expect(listAt(policy, 'spec.ingress.0.ports')).toEqual([{ port: 'http', protocol: 'TCP' }]);
    const opened = policyOf(
      await render({
        networkPolicy: { allowedNamespaces: ['agents'], extraFrom: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
      }),
      'codex-gateway',
    );
    expect(JSON.stringify(at(opened, 'spec.ingress'))).toMatch(/agents.*monitoring.*192\.0\.2\.0/);
  });

  it('lets out to DNS, Redis and upstream hosts only, and never to private networks or the cloud’s metadata', async () => {
    const policy = policyOf(await render(closed), 'codex-gateway');
    const rules = listAt(policy, 'spec.egress').map((rule) => listAt(rule, 'ports').map((port) => at(port, 'port')));
    expect(rules).toEqual([[53, 53], [6379], [443]]);
    const [, toRedis, toUpstream] = listAt(policy, 'spec.egress');
    expect(at(toRedis, 'to.0.podSelector.matchLabels')).toMatchObject({ 'app.kubernetes.io/component': 'redis' });
    const [v4, v6] = listAt(toUpstream, 'to');
    expect(at(v4, 'ipBlock.except')).toEqual(
      expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16']),
    );
    expect(at(v6, 'ipBlock')).toEqual({ cidr: '::/0', except: ['fc00::/7', 'fe80::/10'] });
  });

  it.each<[Values, readonly number[], string | undefined]>([
    [{ url: 'rediss://gateway@redis.example.com:6380/2', cidrs: ['10.1.0.0/16'] }, [6380], '10.1.0.0/16'],
    [{ url: 'redis://redis.example.com' }, [6379], undefined],
    [{ url: 'rediss://gateway@[fd00::1]:6380/0' }, [6380], undefined],
    [{ url: 'redis://[fd00::1]' }, [6379], undefined],
    [{ host: 'redis', port: 6390 }, [6390], undefined],
    [{ clusterNodes: ['a:7001', 'b:7002', 'c:7001'] }, [7001, 7002], undefined],
    [{ sentinel: { nodes: ['a:26379'], masterName: 'm' }, ports: [6380] }, [26379, 6379, 6380], undefined],
    [{ configuredElsewhere: true }, [6379], undefined],
    [{ configuredElsewhere: true, ports: [6390] }, [6390], undefined],
  ])('opens the ports of an external Redis %j', async (externalRedis, ports, cidr) => {
    const values = { redis: { enabled: false }, externalRedis };
    const rule = listAt(policyOf(await render(values), 'codex-gateway'), 'spec.egress')[1];
    expect(listAt(rule, 'ports').map((port) => at(port, 'port'))).toEqual(ports);
    expect(at(rule, 'to.0.ipBlock.cidr')).toBe(cidr);
  });

  it('lets only gateways reach Redis, and Redis nobody', async () => {
    const policy = policyOf(await render(), '-redis');
    const peers = listAt(policy, 'spec.ingress.0.from');
    expect(peers).toHaveLength(1);
    expect(at(peers[0], 'podSelector.matchLabels')).toMatchObject({ 'app.kubernetes.io/component': 'gateway' });
    expect(at(policy, 'spec.egress')).toEqual([]);
    expect(at(policy, 'spec.policyTypes')).toEqual(['Ingress', 'Egress']);
  });

  it('keeps drains of nodes and updates from taking replicas away together', async () => {
    const manifests = await render();
    expect(at(one(manifests, 'PodDisruptionBudget'), 'spec.maxUnavailable')).toBe(1);
    const deployment = one(manifests, 'Deployment');
    expect(at(deployment, 'spec.replicas')).toBe(2);
    expect(at(deployment, 'spec.strategy')).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
    const keys = listAt(deployment, 'spec.template.spec.topologySpreadConstraints').map((each) =>
      at(each, 'topologyKey'),
    );
    expect(keys).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
    const both = await render({ pdb: { minAvailable: '50%', maxUnavailable: 1 } });
    expect(at(one(both, 'PodDisruptionBudget'), 'spec')).toMatchObject({ minAvailable: '50%' });
    expect(at(one(both, 'PodDisruptionBudget'), 'spec')).not.toHaveProperty('maxUnavailable');
  });

  it('lets one gateway have a volume at a time', async () => {
    const values = { replicaCount: 1, redis: { enabled: false }, persistence: { enabled: true } };
    const manifests = await render(values);
    expect(at(one(manifests, 'Deployment'), 'spec.strategy')).toEqual({ type: 'Recreate' });
    expect(one(manifests, 'PersistentVolumeClaim').metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });

  it('takes images by digest where one is given', async () => {
    const digest = `sha256:${'b'.repeat(64)}`;
    const manifests = await render({ image: { digest, tag: '9' }, redis: { image: { digest } } });
    const images = podsOf(manifests).flatMap(([, pod]) => own(pod).map((container) => at(container, 'image')));
    expect(images).toEqual([`codex-gateway@${digest}`, `redis@${digest}`, `codex-gateway@${digest}`]);
  });

  it('lets streams live in front of it', async () => {
    const ingress = one(await render({ ingress: { enabled: true } }), 'Ingress');
    expect(ingress.metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '7200',
      'nginx.ingress.kubernetes.io/proxy-body-size': '33m',
      'nginx.ingress.kubernetes.io/proxy-next-upstream': 'off',
    });
    const plain = one(await render({ ingress: { enabled: true, streaming: false } }), 'Ingress');
    expect(plain.metadata.annotations).toEqual({});
    const own15 = one(
      await render({
        ingress: { enabled: true, annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '900' } },
      }),
      'Ingress',
    );
    expect(own15.metadata.annotations['nginx.ingress.kubernetes.io/proxy-read-timeout']).toBe('900');
    const route = one(await render({ httpRoute: { enabled: true, gatewayName: 'g' } }), 'HTTPRoute');
    expect(at(route, 'spec.rules.0')).toEqual({
      matches: [{ path: { type: 'PathPrefix', value: '/' } }],
      backendRefs: [{ name: 'gw-codex-gateway', port: 4_000 }],
      timeouts: { request: '7200s', backendRequest: '7200s' },
    });
  });

  it('scales by running requests when asked to, and down slowly', async () => {
    const manifests = await render({ autoscaling: { enabled: true, targetInFlightRequests: 100 } });
    expect(one(manifests, 'Deployment')).not.toHaveProperty('spec.replicas');
    const scaler = one(manifests, 'HorizontalPodAutoscaler');
    expect(at(scaler, 'spec.scaleTargetRef.name')).toBe(one(manifests, 'Deployment').metadata.name);
    expect(listAt(scaler, 'spec.metrics')).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      {
        type: 'Pods',
        pods: { metric: { name: 'litellm_in_flight_requests' }, target: { type: 'AverageValue', averageValue: '100' } },
      },
    ]);
    expect(at(scaler, 'spec.behavior.scaleDown')).toMatchObject({ stabilizationWindowSeconds: 300 });
  });

  it('starts pods anew for another key of the values, and tells no key', async () => {
    const annotations = async (values: Values): Promise<unknown> =>
      at(one(await render(values), 'Deployment'), 'spec.template.metadata.annotations');
    const keys = { masterkey: 'sk-one-of-the-chart', saltkey: 'one-of-the-chart' };
    const before = await annotations(keys);
    expect(before).toEqual({ 'checksum/keys': expect.stringMatching(/^[0-9a-f]{8}$/) as string });
    expect(await annotations(keys)).toEqual(before);
    expect(await annotations({ ...keys, masterkey: 'sk-another-of-the-chart' })).not.toEqual(before);
    expect(await annotations({ ...keys, saltkey: 'another-of-the-chart' })).not.toEqual(before);
    const elsewhere = { ...keys, masterkeySecretName: 'own', saltkeySecretName: 'own' };
    expect(await annotations(elsewhere)).toBeUndefined();
  });

  it('leaves pods alone when the file changes, unless told otherwise, or where Redis is', async () => {
    const checksum = async (values: Values): Promise<unknown> =>
      at(one(await render(values), 'Deployment'), 'spec.template.metadata.annotations.checksum/config');
    const file = { model_list: [{ model_name: 'a', litellm_params: { model: 'codex/gpt-5.5' } }] };
    expect(await checksum({ proxy_config: file })).toBeUndefined();
    const before = await checksum({ rollOnConfigChange: true });
    expect(before).toEqual(expect.any(String));
    expect(await checksum({ rollOnConfigChange: true, logLevel: 'debug' })).toBe(before);
    expect(await checksum({ rollOnConfigChange: true, proxy_config: file })).not.toBe(before);
    const cluster = async (node: string): Promise<unknown> => {
      const values = { redis: { enabled: false }, externalRedis: { clusterNodes: [node] } };
      return at(one(await render(values), 'Deployment'), 'spec.template.metadata.annotations');
    };
    expect(await cluster('a:1')).toEqual({ 'checksum/redis': expect.any(String) as string });
    expect(await cluster('a:1')).not.toEqual(await cluster('b:1'));
  });
});
