import { Injectable } from '@nestjs/common';
import { withBudget } from '../keys/compile/limits-of';
import { defaultsOfMembers } from '../keys/compile/principal-of';
import { customerView, keyView, membershipView, nothingSpent, teamView, userView } from '../keys/management/views';
import { Management } from '../keys/management/management';
import { type SeenCustomer } from '../keys/management/customer-management';
import { type LimitFields } from '../keys/rows/limit-fields';
import { type Stored, stored } from '../keys/rows/rows';
import { StateUnavailable } from '../state/state-unavailable';
import { memberId } from '../kernel/member-id';
import { type BookRef, Books } from './books';

type View = Record<string, unknown>;

/** Entities in LiteLLM's shapes, with what the books say of them. */
@Injectable()
export class EntityViews {
  constructor(
    private readonly books: Books,
    private readonly management: Management,
  ) {}

  async key(key: Stored<'key'>): Promise<View> {
    return (await this.keys([key]))[0] ?? {};
  }

  async keys(keys: readonly Stored<'key'>[]): Promise<readonly View[]> {
    const budgets = await this.budgetsOf(keys);
    const spent = await this.books.spent(keys.map((key) => keyBook(key, budgets)));
    return keys.map((key, at) => keyView(key, spent[at] ?? nothingSpent, namedBudget(key, budgets)));
  }

  /**
   * A key that was just made: no state that is away by now may keep its secret from whoever asked for it. One that was
   * deleted and made anew with the same value goes on with its book.
   */
  async newKey(key: Stored<'key'>): Promise<View> {
    const budgets = await this.budgetsOf([key]).catch(noneIfAway);
    const book = keyBook(key, budgets);
    const spent = await this.books.spentOf(book).catch((error: unknown) => {
      if (!(error instanceof StateUnavailable)) throw error;
      return this.books.unspentOf(book);
    });
    return keyView(key, spent, namedBudget(key, budgets));
  }

  /** The named budgets that keys point to. */
  private async budgetsOf(keys: readonly Stored<'key'>[]): Promise<NamedBudgets> {
    const ids = [...new Set(keys.flatMap(({ row }) => (row.budget_id === undefined ? [] : [row.budget_id])))];
    const found = ids.length === 0 ? [] : await this.management.store.many(ids.map((id) => ({ kind: 'budget' as const, id }))); // prettier-ignore
    return new Map(
      found.flatMap((entity) => (entity === undefined ? [] : [[entity.id, stored('budget', entity).row]])),
    );
  }

  async team(team: Stored<'team'>): Promise<View> {
    return teamView(team, await this.books.spentOf(bookOf('team', team)));
  }

  async teams(teams: readonly Stored<'team'>[]): Promise<readonly View[]> {
    const spent = await this.books.spent(teams.map((team) => bookOf('team', team)));
    return teams.map((team, at) => teamView(team, spent[at] ?? nothingSpent));
  }

  async user(user: Stored<'user'>): Promise<View> {
    return userView(user, await this.books.spentOf(bookOf('user', user)));
  }

  /** A user that was just made; nobody is asked. */
  newUser(user: Stored<'user'>): View {
    return userView(user, this.books.unspentOf(bookOf('user', user)));
  }

  async users(users: readonly Stored<'user'>[]): Promise<readonly View[]> {
    const spent = await this.books.spent(users.map((user) => bookOf('user', user)));
    return users.map((user, at) => userView(user, spent[at] ?? nothingSpent));
  }

  /** What every member of a team is held to, and what it spent there. */
  async memberships(team: Stored<'team'>): Promise<readonly View[]> {
    const ids = team.row.members_with_roles.map(({ user_id }) => memberId(team.id, user_id));
    const found = await this.management.store.many(ids.map((id) => ({ kind: 'member' as const, id })));
    const members = found.map((entity) => (entity === undefined ? undefined : stored('member', entity)));
    const spent = await this.books.spent(ids.map((id, at) => memberBook(id, members[at], team)));
    return team.row.members_with_roles.map(({ user_id }, at) =>
      membershipView({ team_id: team.id, user_id }, { row: members[at]?.row, spent: spent[at] ?? nothingSpent }),
    );
  }

  async customer({ customer, budget }: SeenCustomer): Promise<View> {
    return customerView(customer, await this.books.spentOf(customerBook(customer, budget)), budget);
  }

  async customers(all: readonly SeenCustomer[]): Promise<readonly View[]> {
    const spent = await this.books.spent(all.map(({ customer, budget }) => customerBook(customer, budget)));
    return all.map(({ customer, budget }, at) => customerView(customer, spent[at] ?? nothingSpent, budget));
  }
}

type NamedBudgets = ReadonlyMap<string, LimitFields>;
const noBudgets: NamedBudgets = new Map();

function noneIfAway(error: unknown): NamedBudgets {
  if (!(error instanceof StateUnavailable)) throw error;
  return noBudgets;
}

function namedBudget({ row }: Stored<'key'>, budgets: NamedBudgets): LimitFields | undefined {
  return row.budget_id === undefined ? undefined : budgets.get(row.budget_id);
}

function keyBook(key: Stored<'key'>, budgets: NamedBudgets): BookRef {
  return { ...bookOf('key', key), limits: withBudget(key.row, namedBudget(key, budgets)) };
}

/** Who has nothing of their own is held to what the team says of its members, as `principalOf` has it. */
function memberBook(id: string, member: Stored<'member'> | undefined, team: Stored<'team'>): BookRef {
  const limits = withBudget(member?.row ?? {}, defaultsOfMembers(team));
  return { kind: 'member', id, limits, createdAtMs: (member ?? team).createdAtMs };
}

function customerBook(customer: Stored<'customer'>, budget: LimitFields | undefined): BookRef {
  return { ...bookOf('customer', customer), limits: withBudget(customer.row, budget) };
}

function bookOf(kind: 'key' | 'team' | 'user' | 'customer', of: Stored<'key' | 'team' | 'user' | 'customer'>): BookRef {
  return { kind, id: of.id, limits: of.row, createdAtMs: of.createdAtMs };
}
