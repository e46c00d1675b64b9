import { invalidRequest } from '../../kernel/errors';
import { personOf } from '../../kernel/principal';
import { type PageQuery } from '../../state/entities/entity';
import { type Stored, stored } from '../rows/rows';
import { type Actor, isReader } from './actor';
import { type KeyAccess } from './key-access';
import { type KeyMarks, markFilter } from './key-marks';
import { listOf } from './key-rows';
import { type ManagementParts } from './parts';
import { mostLookedAt, type Sort, sorted, tooManyToFilter, wholeList } from './whole-list';

/** Which keys, and how. */
export interface KeyFilter extends KeyMarks {
  readonly page: number;
  readonly size: number;
  readonly userId?: string;
  readonly teamId?: string;
  readonly organizationId?: string;
  readonly keyHash?: string;
  readonly keyAlias?: string;
  /** With keys of the teams whose admin the user is. */
  readonly includeTeamKeys: boolean;
  /** Undefined: by the time they were made. */
  readonly sortBy?: Sort<Stored<'key'>>['valuesOf'];
  readonly order: 'asc' | 'desc';
}

/** A page of keys. */
export interface FoundKeys {
  readonly keys: readonly Stored<'key'>[];
  readonly total: number;
}

const nobody: FoundKeys = { keys: [], total: 0 };

/** Lists keys, page by page; nobody but readers sees foreign ones. */
export class KeySearch {
  constructor(
    private readonly parts: Pick<ManagementParts, 'store'>,
    private readonly access: KeyAccess,
  ) {}

  /** @throws {GatewayError} 400 when there are too many to sort or filter them so. */
  async find(actor: Actor, filter: KeyFilter): Promise<FoundKeys> {
    if (filter.organizationId !== undefined) return nobody;
    const marks = markFilter(filter, this.parts.store.nowMs());
    const passing = ({ keys, total }: FoundKeys): FoundKeys => (keys.every(marks.passes) ? { keys, total } : nobody);
    // One key at most: further pages are empty.
    const only = ({ keys, total }: FoundKeys): FoundKeys => ({ keys: filter.page > 1 ? [] : keys, total });
    if (filter.keyHash !== undefined || (filter.keyAlias !== undefined && filter.aliasPart === undefined))
      return only(passing(await this.one(actor, filter)));
    const lists = await this.listsFor(actor, filter);
    if (lists === undefined) return only(passing(await this.ownOnly(actor, filter)));
    const range = { offset: (filter.page - 1) * filter.size, limit: filter.size };
    if (filter.sortBy !== undefined || marks.name !== undefined) return this.sorted(lists, filter, range);
    const order = filter.order === 'desc' ? 'newest' : 'oldest';
    const [list, ...more] = lists.names;
    if (more.length === 0) return this.pageOf({ ...(list === undefined ? {} : { list }), order, ...range });
    return this.merged(lists, order, range);
  }

  /** Lists that together hold the keys; undefined when the actor has nothing but its own key. */
  private listsFor(actor: Actor, filter: KeyFilter): Promise<Lists | undefined> {
    const { userId, teamId } = filter;
    if (isReader(actor)) {
      if (teamId !== undefined)
        return just(listOf({ team_id: teamId, ...(userId === undefined ? {} : { user_id: userId }) }));
      return userId === undefined ? just(undefined) : this.listsOfUser(userId, filter);
    }
    const own = personOf(actor.principal);
    if (own === undefined) return Promise.resolve(undefined);
    if (userId !== undefined && userId !== own) return just(emptyList);
    return teamId === undefined ? this.listsOfUser(own, filter) : this.listsOfTeam(actor, { ...filter, teamId }, own);
  }

  /** An admin of a team sees all of its keys, the others their own. */
  private async listsOfTeam(
    actor: Actor,
    { teamId, userId }: KeyFilter & { readonly teamId: string },
    own: string,
  ): Promise<Lists> {
    const isWhole = userId === undefined && (await this.access.teamRole(actor, teamId))?.role === 'admin';
    return just(listOf({ team_id: teamId, ...(isWhole ? {} : { user_id: own }) }));
  }

  private async listsOfUser(user: string, { includeTeamKeys }: KeyFilter): Promise<Lists> {
    const teams = includeTeamKeys ? await this.teamsRunBy(user) : [];
    const names = [listOf({ user_id: user }), ...teams.map((team_id) => listOf({ team_id }))];
    return { names, overlaps: teams.map((team_id) => listOf({ team_id, user_id: user })) };
  }

  /** As the teams have it: they may know people whom no document tells of. */
  private async teamsRunBy(userId: string): Promise<readonly string[]> {
    const teams = await wholeList(this.parts.store, 'team', `member:${userId}`, tooManyTeams);
    const isRun = ({ row }: Stored<'team'>): boolean =>
      row.members_with_roles.some(({ user_id, role }) => user_id === userId && role === 'admin');
    return teams.filter(isRun).map(({ id }) => id);
  }

  private async one(actor: Actor, { keyHash, keyAlias, userId, teamId }: KeyFilter): Promise<FoundKeys> {
    const key = keyHash === undefined ? await this.access.findByAlias(keyAlias ?? '') : await this.access.find(keyHash);
    if (
      key === undefined ||
      (userId ?? key.row.user_id) !== key.row.user_id ||
      (teamId ?? key.row.team_id) !== key.row.team_id
    )
      return nobody;
    if (keyAlias !== undefined && key.row.key_alias !== keyAlias) return nobody;
    return (await this.access.maySee(actor, key)) ? { keys: [key], total: 1 } : nobody;
  }

  private async ownOnly(actor: Actor, { userId, teamId }: KeyFilter): Promise<FoundKeys> {
    const key = await this.access.find(actor.principal.keyHash);
    if (
      key === undefined ||
      (userId ?? key.row.user_id) !== key.row.user_id ||
      (teamId ?? key.row.team_id) !== key.row.team_id
    )
      return nobody;
    return { keys: [key], total: 1 };
  }

  private async pageOf(query: PageQuery): Promise<FoundKeys> {
    const { entities, total } = await this.parts.store.page('key', query);
    return { keys: entities.map((entity) => stored('key', entity)), total };
  }

  /** Newest or oldest of several lists, each key once. A key has one team, so only the user's own can stand in two. */
  private async merged(lists: Lists, order: PageQuery['order'], { offset, limit }: Range): Promise<FoundKeys> {
    const pages = await Promise.all(
      lists.names.map((list) =>
        this.pageOf({ ...(list === undefined ? {} : { list }), order, offset: 0, limit: offset + limit }),
      ),
    );
    const doubled = await this.parts.store.counts('key', lists.overlaps);
    const sum = (all: readonly number[]): number => all.reduce((left, right) => left + right, 0);
    const sign = order === 'newest' ? -1 : 1;
    const all = [...new Map(pages.flatMap(({ keys }) => keys).map((key) => [key.id, key])).values()];
    all.sort((a, b) => sign * (a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1)));
    return { keys: all.slice(offset, offset + limit), total: sum(pages.map(({ total }) => total)) - sum(doubled) };
  }

  private async sorted(lists: Lists, filter: KeyFilter, { offset, limit }: Range): Promise<FoundKeys> {
    const marks = markFilter(filter, this.parts.store.nowMs());
    const tooMany = (total: number): Error =>
      marks.name === undefined ? tooManyToSort(total) : tooManyToFilter(marks.name, total);
    const all = await Promise.all(lists.names.map((list) => wholeList(this.parts.store, 'key', list, tooMany)));
    const found = new Map(
      all
        .flat()
        .filter(marks.passes)
        .map((key) => [key.id, key]),
    );
    const valuesOf = filter.sortBy ?? (() => madeAt);
    const keys = await sorted([...found.values()], { valuesOf, order: filter.order });
    return { keys: keys.slice(offset, offset + limit), total: keys.length };
  }
}

interface Lists {
  /** Undefined stands for all keys. */
  readonly names: readonly (string | undefined)[];
  /** Lists of what stands in two of them. */
  readonly overlaps: readonly string[];
}

/** Nothing is ever put into it. */
const emptyList = 'none:';

function just(list: string | undefined): Promise<Lists> {
  return Promise.resolve({ names: [list], overlaps: [] });
}

interface Range {
  readonly offset: number;
  readonly limit: number;
}

function tooManyTeams(total: number): Error {
  return tooManyToFilter('include_team_keys', total);
}

function madeAt({ createdAtMs }: Stored<'key'>): number {
  return createdAtMs;
}

function tooManyToSort(total: number): Error {
  return invalidRequest(
    `'sort_by' can only be created_at for ${total} keys: filter by team_id or user_id to sort fewer than ${mostLookedAt}.`,
    'sort_by',
  );
}
