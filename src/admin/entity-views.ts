import { Injectable } from '@nestjs/common';
import { withBudget } from '../keys/compile/limits-of';
import { defaultsOfMembers, periodsOfMember } from '../keys/compile/principal-of';
import { customerView, keyView, membershipView, nothingSpent, teamView, userView } from '../keys/management/views';
import { Management } from '../keys/management/management';
import { type SeenCustomer } from '../keys/management/customer-management';
import { type LimitFields } from '../keys/rows/limit-fields';
import { type Stored, stored } from '../keys/rows/rows';
import { StateUnavailable } from '../state/state-unavailable';
import { memberId } from '../kernel/member-id';
import { type BookRef, Books } from './books';

type View = Record<string, unknown>;

/** Books that one question asks for. */
const askedAtOnce = 500;

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
    const spent = await this.books.spent(keys.map((key) => bookOf(key, budgets)));
    return keys.map((key, at) => keyView(key, spent[at] ?? nothingSpent, namedBudget(key, budgets)));
  }

  /**
   * A key that was just made: no state that is away by now may keep its secret from whoever asked for it. One that was
   * deleted and made anew with the same value goes on with its book.
   */
  async newKey(key: Stored<'key'>): Promise<View> {
    const budgets = await this.budgetsOf([key]).catch(noneIfAway);
    const book = bookOf(key, budgets);
    const spent = await this.books.spentOf(book).catch((error: unknown) => {
      if (!(error instanceof StateUnavailable)) throw error;
      return this.books.unspentOf(book);
    });
    return keyView(key, spent, namedBudget(key, budgets));
  }

  /** The named budgets that entities point to. */
  private async budgetsOf(pointing: readonly (Pointing | undefined)[]): Promise<NamedBudgets> {
    const ids = [...new Set(pointing.flatMap((each) => each?.row.budget_id ?? []))];
    const found =
      ids.length === 0 ? [] : await this.management.store.many(ids.map((id) => ({ kind: 'budget' as const, id })));
    return new Map(
      found.flatMap((entity) => (entity === undefined ? [] : [[entity.id, stored('budget', entity).row]])),
    );
  }

  async team(team: Stored<'team'>): Promise<View> {
    return (await this.teams([team]))[0] ?? {};
  }

  async teams(teams: readonly Stored<'team'>[]): Promise<readonly View[]> {
    const budgets = await this.budgetsOf(teams);
    const spent = await this.books.spent(teams.map((team) => bookOf(team, budgets)));
    return teams.map((team, at) => teamView(team, spent[at] ?? nothingSpent, namedBudget(team, budgets)));
  }

  async user(user: Stored<'user'>): Promise<View> {
    return (await this.users([user]))[0] ?? {};
  }

  /** A user that was just made, perhaps with a key whose secret is told only now; its book is not asked. */
  async newUser(user: Stored<'user'>): Promise<View> {
    const budgets = await this.budgetsOf([user]).catch(noneIfAway);
    return userView(user, this.books.unspentOf(bookOf(user, budgets)), namedBudget(user, budgets));
  }

  async users(users: readonly Stored<'user'>[]): Promise<readonly View[]> {
    const budgets = await this.budgetsOf(users);
    const spent = await this.books.spent(users.map((user) => bookOf(user, budgets)));
    return users.map((user, at) => userView(user, spent[at] ?? nothingSpent, namedBudget(user, budgets)));
  }

  /** What each of them spent, as its view says it: dollars. Asked of the books in pieces, since these may be thousands. */
  async spendOf(all: readonly Stored<'key' | 'team' | 'user'>[]): Promise<(each: { readonly id: string }) => number> {
    const budgets = await this.budgetsOf(all);
    const spends = new Map<string, number>();
    for (let at = 0; at < all.length; at += askedAtOnce) {
      const piece = all.slice(at, at + askedAtOnce);
      const spent = await this.books.spent(piece.map((each) => bookOf(each, budgets)));
      for (const [index, { id }] of piece.entries()) spends.set(id, spent[index]?.spend ?? 0);
    }
    return ({ id }) => spends.get(id) ?? 0;
  }

  /** What every member of a team is held to, and what it spent there. */
  async memberships(team: Stored<'team'>): Promise<readonly View[]> {
    const ids = team.row.members_with_roles.map(({ user_id }) => memberId(team.id, user_id));
    const found = await this.management.store.many(ids.map((id) => ({ kind: 'member' as const, id })));
    const members = found.map((entity) => (entity === undefined ? undefined : stored('member', entity)));
    const budgets = await this.budgetsOf(members);
    const books = ids.map((id, at) => memberBook(id, members[at], team, budgets));
    const spent = await this.books.spent(books);
    return team.row.members_with_roles.map(({ user_id }, at) => {
      const held = { budgetId: members[at]?.row.budget_id, limits: books[at]?.limits ?? {} };
      return membershipView({ team_id: team.id, user_id }, { ...held, spent: spent[at] ?? nothingSpent });
    });
  }

  async customer({ customer, budget }: SeenCustomer): Promise<View> {
    return customerView(customer, await this.books.spentOf(customerBook(customer, budget)), budget);
  }

  /** Whether requests of a customer have cost anything. */
  async hasSpent(customerId: string): Promise<boolean> {
    return (await this.books.spentOf({ kind: 'customer', id: customerId })).totalSpend > 0;
  }

  async customers(all: readonly SeenCustomer[]): Promise<readonly View[]> {
    const spent = await this.books.spent(all.map(({ customer, budget }) => customerBook(customer, budget)));
    return all.map(({ customer, budget }, at) => customerView(customer, spent[at] ?? nothingSpent, budget));
  }
}

/** What may point to a named budget, and has limits. */
type Pointing = Stored<'key' | 'team' | 'user' | 'member'>;
type NamedBudgets = ReadonlyMap<string, LimitFields>;
const noBudgets: NamedBudgets = new Map();

function noneIfAway(error: unknown): NamedBudgets {
  if (!(error instanceof StateUnavailable)) throw error;
  return noBudgets;
}

function namedBudget({ row }: Pointing, budgets: NamedBudgets): LimitFields | undefined {
  return row.budget_id === undefined ? undefined : budgets.get(row.budget_id);
}

/** Who has nothing of their own is held to what the team says of its members, as `principalOf` has it. */
function memberBook(
  id: string,
  member: Stored<'member'> | undefined,
  team: Stored<'team'>,
  budgets: NamedBudgets,
): BookRef {
  const named = member === undefined ? undefined : namedBudget(member, budgets);
  const limits = withBudget(member?.row ?? {}, named, defaultsOfMembers(team));
  return { kind: 'member', id, limits, createdAtMs: periodsOfMember(member, team).createdAtMs };
}

function customerBook(customer: Stored<'customer'>, budget: LimitFields | undefined): BookRef {
  const { kind, id, row, createdAtMs } = customer;
  return { kind, id, limits: withBudget(row, budget), createdAtMs };
}

function bookOf(of: Stored<'key' | 'team' | 'user'>, budgets: NamedBudgets): BookRef {
  const { kind, id, row, createdAtMs } = of;
  return { kind, id, limits: withBudget(row, namedBudget(of, budgets)), createdAtMs };
}
