import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { mayUse } from '../keys/model-access';
import { type Principal } from '../kernel/principal';
import { ModelGroups, type OfferedModel } from '../routing/model-groups';

/** Which models a caller is told of. The one place for what a key may see: every list asks here. */
@Injectable()
export class OfferedModels {
  constructor(
    private readonly groups: ModelGroups,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'deployments'>,
  ) {}

  /** Sorted by name. Nothing for a caller without a key. */
  async to(caller: Principal | undefined): Promise<readonly OfferedModel[]> {
    if (caller === undefined) return [];
    const offered = await this.groups.offered();
    return offered.filter(({ name, deployment }) => this.isOpen(caller, name, deployment));
  }

  /** Where a name leads that need not be listed; undefined when it leads nowhere, or not for this caller. */
  async targetFor(caller: Principal | undefined, name: string): Promise<Deployment | undefined> {
    if (caller === undefined) return undefined;
    const target = await this.groups.targetOf(name);
    return target !== undefined && this.isOpen(caller, name, target) ? target : undefined;
  }

  private isOpen(caller: Principal, name: string, { modelGroup }: Deployment): boolean {
    if (caller.policy.modelRules.length === 0) return true;
    return mayUse(caller, name, { names: [modelGroup], accessGroups: accessGroupsOf(this.settings, modelGroup) });
  }
}

/** `model_info.access_groups` of all deployments of a group. */
function accessGroupsOf({ deployments }: Pick<Settings, 'deployments'>, modelGroup: string): readonly string[] {
  const inGroup = deployments.filter((each) => each.modelGroup === modelGroup);
  return inGroup.flatMap(({ modelInfo }) => {
    const groups = modelInfo['access_groups'];
    return Array.isArray(groups) ? groups.filter((group): group is string => typeof group === 'string') : [];
  });
}
