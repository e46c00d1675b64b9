import { type Fault, formatFault } from './config-fault';
import { type Deployment } from './deployment';
import { deploymentSchema } from './gateway-file.schema';
import { faultsOf, type GatewayFile } from './gateway-file';
import { type DeploymentSurroundings, readDeployment, UnusableDeployment } from './read-deployment';

/** `model_list` as deployments, and why entries are missing from it. */
export interface ModelListReading {
  readonly deployments: readonly Deployment[];
  /** By position in `model_list`; an entry with faults is not among the deployments. */
  readonly unusable: ReadonlyMap<number, readonly Fault[]>;
}

/** Reads every entry on its own, so that one bad deployment does not hide the others. */
export function readModelList(file: GatewayFile, around: DeploymentSurroundings): ModelListReading {
  const shared = file.content?.router_settings?.default_litellm_params ?? {};
  const deployments: Deployment[] = [];
  const unusable = new Map<number, readonly Fault[]>();
  const ids = new Set<string>();
  (file.content?.model_list ?? []).forEach((entry, index) => {
    const read = readEntry(withDefaults(entry, shared), { file, around, index });
    if ('faults' in read) {
      unusable.set(index, read.faults);
      return;
    }
    const isNamed = file.keys.some(({ name }) => name === `model_list[${index}].model_info.id`);
    if (isNamed && ids.has(read.deployment.id)) {
      const place = file.placeOf(['model_list', index, 'model_info', 'id']);
      unusable.set(index, [{ place, message: 'is the id of an earlier deployment' }]);
      return;
    }
    const id = freeId(read.deployment.id, ids);
    ids.add(id);
    deployments.push({ ...read.deployment, id });
  });
  return { deployments, unusable };
}

/** The warning that stands in for the faults of a deployment that was left out. */
export function leftOut(faults: readonly Fault[]): readonly string[] {
  return faults.map((fault) => `${formatFault(fault)}; this deployment is left out`);
}

interface EntryPlace {
  readonly file: GatewayFile;
  readonly around: DeploymentSurroundings;
  readonly index: number;
}

function readEntry(
  entry: unknown,
  { file, around, index }: EntryPlace,
): { readonly deployment: Deployment } | { readonly faults: readonly Fault[] } {
  const at = ['model_list', index] as const;
  const parsed = deploymentSchema.safeParse(entry);
  if (!parsed.success) return { faults: faultsOf(parsed.error, file.placeOf, at) };
  try {
    return { deployment: readDeployment(parsed.data, around) };
  } catch (error) {
    if (!(error instanceof UnusableDeployment)) throw error;
    return { faults: [{ place: file.placeOf([...at, ...error.key]), message: error.message }] };
  }
}

function withDefaults(entry: unknown, shared: Readonly<Record<string, unknown>>): unknown {
  if (typeof entry !== 'object' || entry === null || !('litellm_params' in entry)) return entry;
  const { litellm_params: own } = entry;
  return typeof own === 'object' && own !== null ? { ...entry, litellm_params: { ...shared, ...own } } : entry;
}

/** Twice the same deployment is twice its share of the traffic, so each needs an id. */
function freeId(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let copy = 2; ; copy += 1) {
    if (!taken.has(`${wanted}-${copy}`)) return `${wanted}-${copy}`;
  }
}
