import { GatewayError } from '../../kernel/errors';
import { type ScopeLimits } from '../../kernel/limits';
import { type Entity, type EntityRef } from '../../state/entities/entity';
import { type EntityStore } from '../../state/entities/entity-store';
import { StateUnavailable } from '../../state/state-unavailable';
import { type HolderRules, ownScopeOfUser, ownScopesOfKey, ownScopesOfTeam } from '../compile/principal-of';
import { stored } from '../rows/rows';
import { type HolderReader } from './holder-reader';

/** What holders are held to, apart from any request of theirs. */
export class HolderScopes {
  constructor(
    private readonly store: EntityStore,
    private readonly reader: HolderReader,
    private readonly rules: HolderRules,
  ) {}

  /**
   * Of keys, teams and users as they stand; of those that are not there, or that cannot be used, there is none.
   *
   * @throws {StateUnavailable}
   */
  async of(refs: readonly EntityRef[]): Promise<readonly ScopeLimits[]> {
    const found = refs.length === 0 ? [] : await this.store.many(refs);
    const scopes = await Promise.all(found.filter((entity) => entity !== undefined).map((entity) => this.own(entity)));
    return scopes.flat();
  }

  private async own(entity: Entity): Promise<readonly ScopeLimits[]> {
    try {
      return await this.read(entity);
    } catch (error) {
      // Limits that cannot be read let nobody in, so there is nothing to show.
      if (error instanceof StateUnavailable || !(error instanceof GatewayError)) throw error;
      return [];
    }
  }

  private async read(entity: Entity): Promise<readonly ScopeLimits[]> {
    const { store, reader, rules } = this;
    if (entity.kind === 'key') {
      const { facts } = await reader.about(stored('key', entity));
      return ownScopesOfKey(facts, rules, store.nowMs());
    }
    if (entity.kind === 'team') {
      const team = stored('team', entity);
      return ownScopesOfTeam(team, await reader.budgets(pointersOf(team.row)), rules);
    }
    if (entity.kind !== 'user') return [];
    const user = stored('user', entity);
    return [ownScopeOfUser(user, await reader.budgets(pointersOf(user.row)), rules)];
  }
}

function pointersOf({ budget_id: id }: { readonly budget_id?: string | undefined }): readonly string[] {
  return id === undefined ? [] : [id];
}
