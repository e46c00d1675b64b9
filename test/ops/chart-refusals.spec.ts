import { describeWithHelm, refusal, render, type Values } from '../support/chart';

const noRedis = { enabled: false };
const ingress = { enabled: true };

describeWithHelm('values that cannot work', () => {
  it.each<[what: string, values: Values, says: string]>([
    [
      'a kill before the drain ends',
      { terminationGracePeriodSeconds: 80 },
      'terminationGracePeriodSeconds: 80 ends the gateway before its streams: it must be at least 10 more than drainTimeoutSeconds (75), so set it to 85',
    ],
    ['a drain longer than the grace', { drainTimeoutSeconds: 81 }, 'so set it to 91 or shorten the drain'],
    [
      'replicas without a Redis',
      { redis: noRedis },
      'replicaCount, autoscaling: 2 replicas need a Redis to share: set redis.enabled, externalRedis',
    ],
    [
      'processes without a Redis',
      { redis: noRedis, replicaCount: 1, numWorkers: 2 },
      'numWorkers: 2 processes share their state in a Redis only',
    ],
    [
      'growth without a Redis',
      { redis: noRedis, replicaCount: 1, autoscaling: { enabled: true } },
      '10 replicas need a Redis to share',
    ],
    ['replicas on one volume', { persistence: { enabled: true } }, 'persistence.enabled: is for one replica'],
    [
      'two Redis',
      { externalRedis: { host: 'redis' } },
      'externalRedis: names a Redis while the chart brings its own; set redis.enabled to false',
    ],
    [
      'a variable with another Redis',
      { envVars: { REDIS_URL: 'redis://redis' } },
      'REDIS_URL names a Redis while the chart brings its own; set redis.enabled to false',
    ],
    [
      'the same as a host in the other list',
      { extraEnvVars: [{ name: 'REDIS_HOST', value: 'redis' }] },
      'REDIS_HOST names a Redis while the chart brings its own',
    ],
    ['replicas of Redis', { redis: { architecture: 'replication' } }, 'redis.architecture: only standalone'],
    [
      'a password in a URL',
      { redis: noRedis, externalRedis: { url: 'redis://:word@redis:6379' } },
      'externalRedis.url: holds a password',
    ],
    [
      'Sentinels that know no name',
      { redis: noRedis, externalRedis: { sentinel: { nodes: ['s:26379'] } } },
      'externalRedis.sentinel.masterName: is needed',
    ],
    [
      'a Cluster beside a file that cannot be changed',
      { redis: noRedis, externalRedis: { clusterNodes: ['n:7000'] }, proxyConfigMap: { create: false, name: 'mine' } },
      'name them in your own (cache_params)',
    ],
    ['no file at all', { proxyConfigMap: { create: false } }, 'proxyConfigMap.name: is needed'],
    [
      'two logins for one place',
      { credentials: { authJson: { secretName: 'a' }, accessToken: { secretName: 'b' } } },
      'credentials: authJson and accessToken are both set',
    ],
    [
      'a login whose renewals are kept nowhere',
      { replicaCount: 1, redis: noRedis, credentials: { authJson: { secretName: 'a' } } },
      'credentials.authJson: its tokens are renewed, and a Secret is never written',
    ],
    [
      'two bundles of authorities',
      { extraCa: { configMapName: 'a', secretName: 'b' } },
      'extraCa: name a ConfigMap or a Secret',
    ],
    ['two ways in', { ingress, httpRoute: { enabled: true, gatewayName: 'g' } }, 'ingress, httpRoute: two ways in'],
    ['a route without its Gateway', { httpRoute: { enabled: true } }, 'httpRoute.gatewayName: is needed'],
    [
      'more at least than at most',
      { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 3 } },
      'autoscaling.minReplicas: is more than maxReplicas',
    ],
    [
      'growth by nothing',
      { autoscaling: { enabled: true, targetCPUUtilizationPercentage: null } },
      'autoscaling: names no target',
    ],
    ['a budget without a number', { pdb: { maxUnavailable: null } }, 'pdb: set minAvailable or maxUnavailable'],
    [
      'a variable of the chart’s own',
      { envVars: { DRAIN_TIMEOUT_SECONDS: '5' } },
      'DRAIN_TIMEOUT_SECONDS is set by the chart; use the value drainTimeoutSeconds',
    ],
    [
      'the same in the other list',
      { extraEnvVars: [{ name: 'PORT', value: '1' }] },
      'PORT is set by the chart; use the value service.port',
    ],
    ['a port that nothing leads to', { envVars: { ADMIN_PORT: '9090' } }, 'ADMIN_PORT opens a port that the Service'],
    [
      'the same port in the other list',
      { extraEnvVars: [{ name: 'ADMIN_PORT', value: '9090' }] },
      'ADMIN_PORT opens a port that the Service',
    ],
    [
      'too little memory',
      { resources: { limits: { memory: '100Mi' } } },
      'leaves each of 1 processes a heap of 70 MiB',
    ],
    ['too little memory for several', { numWorkers: 8 }, 'leaves each of 8 processes a heap of 89 MiB'],
    ['memory in no unit', { resources: { limits: { memory: '1GB' } } }, '"1GB" is no quantity'],
  ])('are refused, and the message has the way out: %s', async (_, values, says) => {
    expect(await refusal(values)).toContain(says);
  });

  it.each<[what: string, values: Values, says: RegExp]>([
    ['a name that nobody knows', { replicaCont: 3 }, /replicaCont is not allowed/],
    ['a name inside that nobody knows', { redis: { auth: { enabled: true } } }, /auth is not allowed/],
    ['a number as a word', { replicaCount: 'three' }, /replicaCount: Invalid type/],
    ['a short master key', { masterkey: 'sk-short' }, /masterkey/],
    ['an example key', { masterkey: 'sk-your-master-key-12345' }, /masterkey/],
    ['a short salt key', { saltkey: 'short' }, /saltkey/],
    ['a prefix that means other keys', { redis: { keyPrefix: '*' } }, /redis.keyPrefix/],
    ['a digest that is none', { image: { digest: 'latest' } }, /image.digest/],
    ['a node without a port', { externalRedis: { clusterNodes: ['node'] } }, /clusterNodes/],
    ['a time that is none', { httpRoute: { timeouts: { request: 'long' } } }, /request/],
  ])('are refused by the schema: %s', async (_, values, says) => {
    expect(await refusal(values)).toMatch(says);
  });

  it.each<[what: string, values: Values]>([
    ['a file that names a Redis', { redis: noRedis, proxy_config: { router_settings: { redis_host: 'redis' } } }],
    [
      'a file with cache_params',
      { redis: noRedis, proxy_config: { litellm_settings: { cache_params: { host: 'redis' } } } },
    ],
    ['a variable that names a Redis', { redis: noRedis, envVars: { REDIS_HOST: 'redis' } }],
    [
      'a variable from a Secret',
      { redis: noRedis, extraEnvVars: [{ name: 'REDIS_URL', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
    ],
    ['the shortest grace', { terminationGracePeriodSeconds: 85 }],
    ['a gateway that drains nothing', { drainTimeoutSeconds: 0, terminationGracePeriodSeconds: 10 }],
  ])('are not these: %s', async (_, values) => {
    expect(await refusal(values)).toBe('');
  });
});

describeWithHelm('a quantity of memory', () => {
  it.each([
    ['1Gi', 716],
    ['512Mi', 358],
    ['1G', 667],
    ['1.5Gi', 1_075],
    ['800M', 533],
    ['1073741824', 716],
    ['1048576Ki', 716],
  ])('of %s gives a heap of %i MiB', async (memory, mebibytes) => {
    const manifests = await render({ resources: { limits: { memory } } });
    expect(JSON.stringify(manifests)).toContain(`--max-old-space-size=${mebibytes}"`);
  });

  it('is shared among the processes of a pod, and left alone where none is set', async () => {
    expect(JSON.stringify(await render({ numWorkers: 4 }))).toContain('--max-old-space-size=179"');
    expect(JSON.stringify(await render({ resources: { limits: null } }))).not.toContain('max-old-space-size');
  });
});
