import * as gatewayApi from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as autoscaling from 'kubernetes-models/autoscaling/v2';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { type Manifest } from './chart';

/** A class of the models: it knows the schema of its kind. */
interface Model {
  readonly prototype: { readonly validate: () => void };
}

const groups: ReadonlyMap<string, object> = new Map<string, object>([
  ['v1', core],
  ['apps/v1', apps],
  ['autoscaling/v2', autoscaling],
  ['networking.k8s.io/v1', networking],
  ['policy/v1', policy],
  ['monitoring.coreos.com/v1', monitoring],
  ['gateway.networking.k8s.io/v1', gatewayApi],
]);

/** What was looked at in one object while it was judged. */
interface Visit {
  readonly path: string;
  readonly names: readonly string[];
  readonly read: Set<string>;
  /** All names were listed: any name is allowed here, as in labels. */
  isOpen: boolean;
}

/**
 * Judges an object by the published schema of its kind. Those schemas let unknown names pass, as Kubernetes drops them
 * silently; so names that the judge never looked at are faults here.
 *
 * @returns what is wrong, empty when nothing is. @throws {Error} for a kind that nobody knows.
 */
export function faultsOf(manifest: Manifest): readonly string[] {
  const { apiVersion, kind } = manifest;
  const model = (groups.get(apiVersion) as Readonly<Record<string, Model>> | undefined)?.[kind];
  if (model === undefined) throw new Error(`There is no schema for ${apiVersion} ${kind}.`);
  const visits: Visit[] = [];
  const watched = watch(manifest, '', visits, model.prototype) as { validate: () => void };
  try {
    watched.validate();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return visits
    .filter(({ isOpen }) => !isOpen)
    .flatMap(({ path, names, read }) =>
      names.filter((name) => !read.has(name)).map((name) => `${path}/${name}: unknown`),
    );
}

function watch(value: unknown, path: string, visits: Visit[], prototype?: object): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value);
  const visit: Visit = { path, names, read: new Set(), isOpen: false };
  visits.push(visit);
  const inner = names.map((name) => {
    const part = (value as Readonly<Record<string, unknown>>)[name];
    return [name, watch(part, `${path}/${name}`, visits)] as const;
  });
  const copy = Array.isArray(value) ? inner.map(([, part]) => part) : Object.fromEntries(inner);
  if (prototype !== undefined) Object.setPrototypeOf(copy, prototype);
  return new Proxy(copy, {
    get: (target, name, receiver): unknown => {
      if (typeof name === 'string') visit.read.add(name);
      return Reflect.get(target, name, receiver);
    },
    ownKeys: (target) => {
      visit.isOpen = true;
      return Reflect.ownKeys(target);
    },
  });
}
