import { type Values } from './chart';

/** Installations that people make, by what they are about; every test of the whole chart runs over all of them. */
export const installations: readonly (readonly [about: string, values: Values])[] = [
  ['nothing but defaults', {}],
  [
    'values written for LiteLLM’s chart',
    {
      replicaCount: 3,
      image: { repository: 'ghcr.io/example/gateway', pullPolicy: 'Always', tag: 'main-stable' },
      nameOverride: 'litellm',
      serviceAccount: { create: false, automount: true, annotations: {}, name: '' },
      deploymentMinReadySeconds: 0,
      podSecurityContext: {},
      securityContext: {},
      masterkeySecretName: 'litellm-master',
      masterkeySecretKey: 'key',
      environmentSecrets: ['litellm-env-secret'],
      environmentConfigMaps: ['litellm-env-configmap'],
      service: { type: 'ClusterIP', port: 4000 },
      separateHealthApp: false,
      separateHealthPort: 8081,
      proxy_config: {
        model_list: [{ model_name: 'team', litellm_params: { model: 'chatgpt/gpt-5.5' } }],
        general_settings: { master_key: 'os.environ/PROXY_MASTER_KEY' },
      },
      resources: {},
      autoscaling: { enabled: false, minReplicas: 1, maxReplicas: 100, targetCPUUtilizationPercentage: 80 },
      keda: { enabled: false },
      db: { useExisting: false, deployStandalone: true },
      postgresql: { architecture: 'standalone', auth: { username: 'litellm' } },
      redis: { enabled: true, architecture: 'standalone' },
      migrationJob: { enabled: true, retries: 3 },
      logLevel: 'INFO',
      envVars: { USE_DDTRACE: 'true' },
      extraEnvVars: {},
      command: {},
      args: {},
      pdb: { enabled: false, minAvailable: null, maxUnavailable: null },
    },
  ],
  [
    'one replica with a volume and a login from a Secret',
    {
      replicaCount: 1,
      redis: { enabled: false },
      persistence: { enabled: true, storageClassName: 'fast', size: '2Gi' },
      credentials: { authJson: { secretName: 'codex-login' } },
    },
  ],
  [
    'one replica with an existing claim',
    { replicaCount: 1, redis: { enabled: false }, persistence: { enabled: true, existingClaim: 'my-claim' } },
  ],
  [
    'an external Redis with TLS by URL',
    {
      redis: { enabled: false },
      externalRedis: { url: 'rediss://gateway@redis.example.com:6380/2', passwordSecretName: 'redis-login', cidrs: ['10.1.0.0/16'] },
      extraCa: { configMapName: 'company-ca', key: 'bundle.pem' },
      credentials: { authJson: { secretName: 'codex-login', key: 'login.json' } },
    },
  ],
  [
    'an external Redis by host',
    {
      redis: { enabled: false, keyPrefix: 'team-a:' },
      externalRedis: { host: 'redis.data', port: 6390, username: 'gateway', db: 1, tls: true, passwordSecretName: 'redis-login', passwordSecretKey: 'word' },
    },
  ],
  [
    'a Redis Cluster',
    {
      redis: { enabled: false },
      externalRedis: { clusterNodes: ['node-1.redis:7001', 'node-2.redis:7002'], username: 'gateway', tls: true, passwordSecretName: 'redis-login' },
    },
  ],
  [
    'a Redis behind Sentinels',
    {
      redis: { enabled: false },
      externalRedis: {
        username: 'gateway',
        passwordSecretName: 'redis-login',
        sentinel: { nodes: ['sentinel-1:26379', 'sentinel-2:26379'], masterName: 'mymaster', passwordSecretName: 'sentinel-login' },
        ports: [6380],
      },
      proxy_config: { litellm_settings: { request_timeout: 300 }, model_list: [] },
    },
  ],
  [
    'a Redis that an environment Secret names',
    {
      redis: { enabled: false },
      environmentSecrets: ['redis-env'],
      externalRedis: { configuredElsewhere: true },
      proxyConfigMap: { create: false, name: 'my-config', key: 'proxy.yaml' },
      rollOnConfigChange: true,
    },
  ],
  [
    'a token, TLS inside the cluster and Secrets of one’s own',
    {
      credentials: { accessToken: { secretName: 'codex-token' } },
      masterkeySecretName: 'keys',
      saltkeySecretName: 'keys',
      saltkeySecretKey: 'salt',
      saltkeyPreviousSecretKey: 'salt-before',
      redis: { tls: { secretName: 'redis-tls' }, passwordSecretName: 'redis-passwords', persistence: { storageClassName: 'fast' } },
    },
  ],
  [
    'autoscaling by CPU, memory and running requests',
    {
      numWorkers: 2,
      autoscaling: { enabled: true, maxReplicas: 20, targetMemoryUtilizationPercentage: 75, targetInFlightRequests: 100 },
      pdb: { minAvailable: '50%' },
    },
  ],
  [
    'an Ingress',
    {
      ingress: {
        enabled: true,
        hosts: [{ host: 'gateway.example.com', paths: [{ path: '/', pathType: 'Prefix' }] }],
        tls: [{ secretName: 'gateway-tls', hosts: ['gateway.example.com'] }],
        annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt', 'nginx.ingress.kubernetes.io/proxy-read-timeout': '900' },
      },
    },
  ],
  [
    'a route of the Gateway API',
    {
      httpRoute: {
        enabled: true,
        gatewayName: 'shared',
        gatewayNamespace: 'gateways',
        gatewaySectionName: 'https',
        hostnames: ['gateway.example.com'],
        rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/v1' } }] }, { timeouts: { request: '10s' } }],
      },
      service: { port: 8080 },
    },
  ],
  [
    'monitoring',
    {
      serviceMonitor: {
        enabled: true,
        labels: { release: 'prometheus' },
        relabelings: [{ targetLabel: 'node', sourceLabels: ['__meta_kubernetes_pod_node_name'] }],
        namespaceSelector: { matchNames: ['codex'] },
        authorization: { credentials: { name: 'metrics-key', key: 'key' } },
      },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
      dashboards: { enabled: true, annotations: { folder: 'Codex' } },
    },
  ],
  [
    'everything of one’s own',
    {
      fullnameOverride: 'llm',
      image: { digest: `sha256:${'a'.repeat(64)}` },
      imagePullSecrets: [{ name: 'registry' }],
      masterkey: 'sk-a-master-key-of-our-own-0123',
      saltkey: 'a salt key of our own, 32 characters',
      podLabels: { team: 'ml' },
      podAnnotations: { note: 'x' },
      priorityClassName: 'high',
      service: { type: 'LoadBalancer', loadBalancerClass: 'tailscale', annotations: { a: 'b' } },
      networkPolicy: {
        extraFrom: [{ ipBlock: { cidr: '192.0.2.0/24' } }],
        extraEgress: [{ to: [{ ipBlock: { cidr: '10.2.3.4/32' } }], ports: [{ port: 3128, protocol: 'TCP' }] }],
      },
      extraEnvVars: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      envVars: { HTTPS_PROXY: 'http://proxy.example:3128', CODEX_MODE: 'false', NODE_OPTIONS: '--max-old-space-size=500' },
      volumes: [{ name: 'hooks', configMap: { name: 'hooks' } }],
      volumeMounts: [{ name: 'hooks', mountPath: '/hooks' }],
      extraContainers: [{ name: 'side', image: 'side:1' }],
      extraInitContainers: [{ name: 'first', image: 'first:1' }],
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'x', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'gw' } } }],
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      strategy: { type: 'Recreate' },
      extraResources: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra' }, data: { a: 'b' } }],
    },
  ],
]; // prettier-ignore
