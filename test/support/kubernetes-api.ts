import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Manifest } from './chart';

type Stored = Manifest & Readonly<Record<string, unknown>>;

/** Kinds that the chart makes, by group and version, as discovery tells them: plural name to kind. */
const kinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1: {
    configmaps: 'ConfigMap',
    secrets: 'Secret',
    services: 'Service',
    serviceaccounts: 'ServiceAccount',
    pods: 'Pod',
    persistentvolumeclaims: 'PersistentVolumeClaim',
  },
  'apps/v1': { deployments: 'Deployment', statefulsets: 'StatefulSet' },
  'policy/v1': { poddisruptionbudgets: 'PodDisruptionBudget' },
  'networking.k8s.io/v1': { networkpolicies: 'NetworkPolicy', ingresses: 'Ingress' },
  'autoscaling/v2': { horizontalpodautoscalers: 'HorizontalPodAutoscaler' },
};

/** As much of the API of Kubernetes as `helm install`, `upgrade` and `uninstall` need: discovery, and objects that are kept. */
export class KubernetesApi {
  private readonly objects = new Map<string, Stored>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<KubernetesApi> {
    const server = createServer();
    const api = new KubernetesApi(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void api.serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return api;
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  /** Objects of a kind, without the records that Helm keeps of its releases. */
  ofKind(kind: string): readonly Stored[] {
    return [...this.objects.values()].filter((each) => each.kind === kind && !each.metadata.name.startsWith('sh.helm'));
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const body = text === '' ? undefined : (JSON.parse(text) as Stored);
    const answer =
      discovery(pathname) ?? this.act(request.method ?? 'GET', pathname, body, searchParams.get('labelSelector'));
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
    );
  }

  private act(method: string, path: string, body: Stored | undefined, selector: string | null): unknown {
    const found = this.objects.get(path);
    if (method === 'POST' && body !== undefined) return this.keep(`${path}/${body.metadata.name}`, body);
    if (method === 'PUT' && body !== undefined) return this.keep(path, body);
    if (method === 'PATCH' && body !== undefined && found !== undefined) return this.keep(path, merged(found, body));
    if (method === 'DELETE') {
      this.objects.delete(path);
      return found;
    }
    return found ?? this.list(path, selector);
  }

  private keep(path: string, object: Stored): Stored {
    this.objects.set(path, object);
    return object;
  }

  private list(path: string, selector: string | null): unknown {
    const [version = '', plural = ''] = /^\/apis?\/(.+)\/namespaces\/[^/]+\/([a-z]+)$/.exec(path)?.slice(1) ?? [];
    const kind = kinds[version]?.[plural];
    if (kind === undefined) return undefined;
    const items = [...this.objects].flatMap(([place, each]) =>
      place.startsWith(`${path}/`) && fits(each, selector) ? [each] : [],
    );
    return { kind: `${kind}List`, apiVersion: version, metadata: {}, items };
  }
}

function discovery(path: string): unknown {
  const groups = Object.keys(kinds).filter((version) => version.includes('/'));
  if (path === '/version') return { major: '1', minor: '30', gitVersion: 'v1.30.0' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') {
    const told = groups.map((groupVersion) => {
      const [name = '', version = ''] = groupVersion.split('/');
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: told };
  }
  const groupVersion = path.replace(/^\/apis?\//, '');
  const known = kinds[groupVersion];
  if (known === undefined) return undefined;
  const resources = Object.entries(known).map(([name, kind]) => ({
    name,
    singularName: '',
    namespaced: true,
    kind,
    verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/** `a=b,c in (d)`; what else Helm writes counts as true. */
function fits({ metadata }: Stored, selector: string | null): boolean {
  return [...(selector ?? '').matchAll(/([\w.-]+)=([\w.-]+)/g)].every(
    ([, name = '', value]) => metadata.labels[name] === value,
  );
}

/** A merge patch: null removes. */
function merged<T>(old: T, change: unknown): T {
  if (typeof change !== 'object' || change === null || Array.isArray(change) || typeof old !== 'object' || old === null)
    return change as T;
  const result = new Map(Object.entries(old));
  for (const [name, value] of Object.entries(change)) {
    if (value === null) result.delete(name);
    else result.set(name, merged<unknown>(result.get(name), value));
  }
  return Object.fromEntries(result) as T;
}
