import { Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { mayUse } from '../keys/model-access';
import { type Principal } from '../kernel/principal';
import { ModelGroups, type OfferedModel } from '../routing/model-groups';

/** Which models a caller is told of. The one place for what a key may see: every list asks here. */
@Injectable()
export class OfferedModels {
  constructor(private readonly groups: ModelGroups) {}

  /** Sorted by name. Nothing for a caller without a key. */
  async to(caller: Principal | undefined): Promise<readonly OfferedModel[]> {
    if (caller === undefined) return [];
    const offered = await this.groups.offered(caller.teamId);
    const open = offered.filter(({ name, deployment }) => this.isOpen(caller, name, deployment));
    return withAliases(open, caller.policy.modelAliases);
  }

  /** Where a name leads that need not be listed; undefined when it leads nowhere, or not for this caller. */
  async targetFor(caller: Principal | undefined, name: string): Promise<Deployment | undefined> {
    if (caller === undefined) return undefined;
    const meant = caller.policy.modelAliases.get(name) ?? name;
    const target = await this.groups.targetOf(meant, caller.teamId);
    return target !== undefined && this.isOpen(caller, meant, target) ? target : undefined;
  }

  /** Names that stand for several of these models in the lists of keys; for a held caller those that its own lists name. */
  accessGroups(caller: Principal | undefined, offered: readonly OfferedModel[]): readonly string[] {
    const names = new Set(
      offered.flatMap(({ deployment }) => [...this.groups.table.accessGroupsOf(deployment.modelGroup)]),
    );
    return [...names].filter(
      (name) => caller !== undefined && mayUse(caller, name, { names: [], accessGroups: [name] }),
    );
  }

  private isOpen(caller: Principal, name: string, { modelGroup }: Deployment): boolean {
    if (caller.policy.modelRules.length === 0) return true;
    return mayUse(caller, name, {
      names: [modelGroup],
      accessGroups: [...this.groups.table.accessGroupsOf(modelGroup)],
    });
  }
}

/** Names that only this caller knows, beside what they stand for; one that is the name of a model too takes its place. */
function withAliases(open: readonly OfferedModel[], aliases: ReadonlyMap<string, string>): readonly OfferedModel[] {
  if (aliases.size === 0) return open;
  const own = [...aliases].flatMap(([name, model]) => {
    const target = open.find((each) => each.name === model);
    return target === undefined ? [] : [{ ...target, name }];
  });
  const others = open.filter(({ name }) => !aliases.has(name));
  return [...others, ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
}
