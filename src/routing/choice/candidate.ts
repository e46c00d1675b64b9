import { type Deployment } from '../../config/deployment';
import { type CooldownScope } from '../../kernel/observations';
import { memberNumber } from './rendezvous';

/** A deployment with the names of everything that may be wrong with it. */
export interface Candidate {
  readonly deployment: Deployment;
  /** Name of its credential: two deployments of one account share its quota. */
  readonly account: string;
  /** Of its id, for `rendezvous`. */
  readonly number: number;
  /** Whatever of these rests, the deployment does. */
  readonly scopes: Readonly<Record<CooldownScope, string>>;
}

const known = new WeakMap<Deployment, Candidate>();

/** The same object for the same deployment. */
export function candidateOf(deployment: Deployment): Candidate {
  const found = known.get(deployment);
  if (found !== undefined) return found;
  const account = deployment.credential.name;
  const candidate: Candidate = {
    deployment,
    account,
    number: memberNumber(deployment.id),
    scopes: {
      account: `account ${account}`,
      model: `model ${account} ${deployment.upstreamModel}`,
      deployment: `deployment ${deployment.id}`,
      route: `route ${new URL(deployment.apiBase).origin}`,
    },
  };
  known.set(deployment, candidate);
  return candidate;
}

/** Lists of deployments live as long as the configuration, and one is walked for every call: the same list for the same one. */
function listed<T>(of: (deployment: Deployment) => T): (deployments: readonly Deployment[]) => readonly T[] {
  const lists = new WeakMap<readonly Deployment[], readonly T[]>();
  return (deployments) => {
    const found = lists.get(deployments);
    if (found !== undefined) return found;
    const list = deployments.map(of);
    lists.set(deployments, list);
    return list;
  };
}

/** The candidates of a list of deployments. */
export const candidatesOf = listed(candidateOf);

/** The ids of a list of deployments. */
export const idsOf = listed(({ id }) => id);

/** The kind of a scope and what it is called without it. */
export function partsOfScope(scope: string): { readonly kind: CooldownScope; readonly name: string } {
  const space = scope.indexOf(' ');
  const kind = scope.slice(0, space);
  const known = kind === 'account' || kind === 'model' || kind === 'route' ? kind : 'deployment';
  return { kind: known, name: scope.slice(space + 1) };
}
