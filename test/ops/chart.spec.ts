import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  at,
  chartFolder,
  describeWithHelm,
  helm,
  listAt,
  type Manifest,
  manifestsIn,
  ofKind,
  one,
  render,
} from '../support/chart';
import { installations } from '../support/chart-values';
import { faultsOf } from '../support/kubernetes-schema';

type Names = Readonly<Record<string, string>>;

/** Every name of an object of a kind that a pod refers to. */
function referred(manifests: readonly Manifest[], kind: 'ConfigMap' | 'Secret'): readonly string[] {
  const keys = kind === 'ConfigMap' ? ['configMap', 'configMapRef'] : ['secret', 'secretRef'];
  const found: string[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const name = keys.includes(key) ? (at(inner, 'name') ?? at(inner, 'secretName')) : undefined;
      if (typeof name === 'string') found.push(name);
      look(inner);
    }
  };
  for (const kindOfPod of ['Deployment', 'StatefulSet', 'Pod']) look(ofKind(manifests, kindOfPod));
  return found;
}

const fits = (selector: unknown, labels: Names): boolean =>
  Object.entries((selector ?? {}) as Names).every(([name, value]) => labels[name] === value);

describeWithHelm('the chart', () => {
  it('has nothing that helm lint minds', async () => {
    expect(await helm(['lint', '--strict', chartFolder])).toMatchObject({ status: 0, stderr: '' });
  });

  it('is up to date: copies of rules, dashboards and Redis, versions, and the table of values', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/chart.mjs', '--check'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('has a schema that knows exactly the values there are', () => {
    const values: unknown = parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8'));
    const schema: unknown = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'));
    const compare = (found: object, known: unknown, path: string): void => {
      const properties = at(known, 'properties');
      const reference = at(known, '$ref');
      if (typeof reference === 'string') {
        compare(found, at(schema, reference.slice(2).replaceAll('/', '.')), path);
        return;
      }
      if (properties === undefined) return;
      for (const [name, value] of Object.entries(found)) {
        expect([path, Object.keys(properties as object)]).toEqual([path, expect.arrayContaining([name])]);
        if (typeof value === 'object' && value !== null)
          compare(value as object, at(properties, name), `${path}.${name}`);
      }
    };
    compare(values as object, schema, '');
    const foreign = [
      'global',
      'db',
      'postgresql',
      'migrationJob',
      'keda',
      'separateHealthApp',
      'separateHealthPort',
      'istio',
    ];
    const own = Object.keys(at(schema, 'properties') as object).filter((name) => !foreign.includes(name));
    expect(own.sort()).toEqual(Object.keys(values as object).sort());
  });

  it('ships dashboards and rules as they are in the repository', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'chart-copy-'));
    try {
      cpSync(chartFolder, copy, { recursive: true });
      const board = JSON.stringify({ title: 'A board', panels: [{ expr: '{{ not helm }}' }] }, undefined, 2);
      writeFileSync(join(copy, 'files', 'dashboards', 'a-board.json'), board);
      const words = ['template', 'gw', copy, '--set', 'dashboards.enabled=true,prometheusRule.enabled=true'];
      const manifests = manifestsIn((await helm(words)).stdout);
      const config = one(manifests, 'ConfigMap', '-dashboard-a-board');
      expect(config.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
      expect(at(config, 'data')).toEqual({ 'a-board.json': board });
      const rules: unknown = parse(readFileSync('deploy/prometheus/rules.yml', 'utf8'));
      expect(at(one(manifests, 'PrometheusRule'), 'spec')).toEqual(rules);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

describeWithHelm('the judge of objects', () => {
  it('refuses wrong types, wrong words and names that Kubernetes does not know', async () => {
    const deployment = one(await render(), 'Deployment');
    const changed = (spec: object): Manifest => ({ ...deployment, spec });
    const spec = at(deployment, 'spec') as object;
    expect(faultsOf(changed(spec))).toEqual([]);
    expect(faultsOf(changed({ ...spec, replicas: 'three' }))).toHaveLength(1);
    expect(faultsOf(changed({ ...spec, replcas: 3 }))).toEqual(['/spec/replcas: unknown']);
    const route = one(await render({ httpRoute: { enabled: true, gatewayName: 'g' } }), 'HTTPRoute');
    expect(faultsOf({ ...route, spec: { ...(at(route, 'spec') as object), hostNames: [] } })).toHaveLength(1);
    expect(() => faultsOf({ ...route, kind: 'HttpRoute' })).toThrow('no schema');
  });
});

describeWithHelm.each(installations)('an installation with %s', (_, values) => {
  let manifests: readonly Manifest[];
  beforeAll(async () => {
    manifests = await render(values);
  });

  it('has only objects that Kubernetes accepts', () => {
    expect(manifests.length).toBeGreaterThan(5);
    // A sleep before the end is newer than the published schema.
    const known = manifests.map(
      (manifest) =>
        JSON.parse(
          JSON.stringify(manifest, (key, value: unknown) => (key === 'lifecycle' ? undefined : value)),
        ) as Manifest,
    );
    for (const manifest of known) expect([manifest.kind, faultsOf(manifest)]).toEqual([manifest.kind, []]);
  });

  it('names each object once, shortly, and labels all of them alike', () => {
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names).toHaveLength(new Set(names).size);
    for (const { metadata } of manifests) expect(metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    const own = manifests.filter(({ metadata }) => !metadata.name.endsWith('-extra'));
    for (const { metadata } of own) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/instance': 'gw',
        'app.kubernetes.io/managed-by': 'Helm',
      });
    }
  });

  it('has selectors that find the pods they are meant for, and nothing else', () => {
    const labels = at(one(manifests, 'Deployment'), 'spec.template.metadata.labels') as Names;
    const [redis] = ofKind(manifests, 'StatefulSet');
    const redisLabels = (at(redis, 'spec.template.metadata.labels') ?? {}) as Names;
    const selectors: (readonly [string, unknown])[] = [
      ...ofKind(manifests, 'Service').map((each) => [each.metadata.name, at(each, 'spec.selector')] as const),
      ...['Deployment', 'StatefulSet', 'PodDisruptionBudget'].flatMap((kind) =>
        ofKind(manifests, kind).map((each) => [each.metadata.name, at(each, 'spec.selector.matchLabels')] as const),
      ),
      ...ofKind(manifests, 'NetworkPolicy').map(
        (each) => [each.metadata.name, at(each, 'spec.podSelector.matchLabels')] as const,
      ),
    ];
    for (const [name, selector] of selectors) {
      const isRedis = name.endsWith('-redis');
      expect([name, fits(selector, labels), fits(selector, redisLabels)]).toEqual([name, !isRedis, isRedis]);
    }
    for (const monitor of ofKind(manifests, 'ServiceMonitor')) {
      const found = ofKind(manifests, 'Service').filter(({ metadata }) =>
        fits(at(monitor, 'spec.selector.matchLabels'), metadata.labels),
      );
      expect(found.map(({ metadata }) => metadata.name)).toEqual([one(manifests, 'Deployment').metadata.name]);
    }
  });

  it('mounts and reads only what it makes or what the values name', () => {
    const spoken = JSON.stringify(values);
    for (const kind of ['ConfigMap', 'Secret'] as const) {
      const made = ofKind(manifests, kind).map(({ metadata }) => metadata.name);
      const names = referred(manifests, kind);
      expect([kind, names.filter((name) => !made.includes(name) && !spoken.includes(`"${name}"`))]).toEqual([kind, []]);
    }
    for (const kind of ['Deployment', 'StatefulSet']) {
      for (const each of ofKind(manifests, kind)) {
        const volumes = listAt(each, 'spec.template.spec.volumes').map((volume) => at(volume, 'name'));
        const claimed = listAt(each, 'spec.volumeClaimTemplates').map((claim) => at(claim, 'metadata.name'));
        const mounts = listAt(each, 'spec.template.spec.containers.0.volumeMounts').map((mount) => at(mount, 'name'));
        expect(mounts.filter((name) => ![...volumes, ...claimed].includes(name))).toEqual([]);
        expect(volumes.filter((name) => !mounts.includes(name))).toEqual([]);
      }
    }
  });

  it('sets each variable once, and none of a secret', () => {
    const env = listAt(one(manifests, 'Deployment'), 'spec.template.spec.containers.0.env');
    const names = env.map((variable) => String(at(variable, 'name')));
    expect(names).toHaveLength(new Set(names).size);
    expect(names.filter((name) => /(KEY|PASSWORD|TOKEN|SECRET)$/.test(name))).toEqual([]);
    expect(JSON.stringify(env)).not.toContain('secretKeyRef');
  });
});
