import { type Deployment, isVisible } from '../config/deployment';
import { type Principal } from '../kernel/principal';
import { fitsPattern, mayUse } from '../keys/model-access';
import { sightOf } from '../reports/sight';
import { type RoutingTable } from '../routing/table/routing-table';

/** Whether a caller is told of a deployment: admins and viewers of all, everybody else of what may answer its calls. */
export function isToldOf(
  caller: Principal | undefined,
  deployment: Deployment,
  table: Pick<RoutingTable, 'accessGroupsOf'>,
): boolean {
  if (caller === undefined) return false;
  if (sightOf(caller).kind === 'all') return true;
  const { modelGroup, routing } = deployment;
  if (!isVisible(deployment, caller.teamId)) return false;
  const own = routing?.teamModelName === undefined ? [] : [routing.teamModelName];
  return mayUse(caller, modelGroup, {
    names: [...own, ...namesBehind(modelGroup, caller)],
    accessGroups: [...table.accessGroupsOf(modelGroup)],
  });
}

/** What `/health` was narrowed to; undefined: everything. */
export interface Asked {
  /** Name of a model group, of a team's own model, or of the model itself, with or without its provider. */
  readonly model: string | undefined;
  readonly modelId: string | undefined;
}

/** Whether a deployment is among those that were asked for. */
export function isAskedFor({ id, modelGroup, upstreamModel, routing }: Deployment, { model, modelId }: Asked): boolean {
  if (modelId !== undefined && modelId !== id) return false;
  if (model === undefined) return true;
  return [modelGroup, upstreamModel, routing?.teamModelName].includes(model) || model.endsWith(`/${upstreamModel}`);
}

/** Rules name single models behind a wildcard, which stand for it here. */
function namesBehind(modelGroup: string, { policy }: Principal): readonly string[] {
  if (!modelGroup.includes('*')) return [];
  return policy.modelRules.flatMap(({ models, opened = [] }) =>
    [...models, ...opened].some((name) => fitsPattern(modelGroup, name)) ? models : [],
  );
}
