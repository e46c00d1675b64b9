import { Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { type Principal } from '../kernel/principal';
import { ModelGroups, type OfferedModel } from '../routing/model-groups';

/** Which models a caller is told of. The one place for what a key may see: every list asks here. */
@Injectable()
export class OfferedModels {
  constructor(private readonly groups: ModelGroups) {}

  /** Sorted by name. Nothing for a caller without a key. */
  async to(caller: Principal | undefined): Promise<readonly OfferedModel[]> {
    return caller === undefined ? [] : this.groups.offered(caller.teamId);
  }

  /** Where a name leads that need not be listed; undefined when it leads nowhere, or not for this caller. */
  async targetFor(caller: Principal | undefined, name: string): Promise<Deployment | undefined> {
    return caller === undefined ? undefined : this.groups.targetOf(name, caller.teamId);
  }
}
