import { type Change, type Put } from '../../state/entities/entity';
import { type EntityStore } from '../../state/entities/entity-store';
import { type Stored, stored } from '../rows/rows';
import { type UserRow } from '../rows/user-row';
import { readOne } from './edits';

/** A user's document. */
export function userPut(
  userId: string,
  row: UserRow,
  expected: number,
): Put & { readonly kind: 'user'; readonly expected: number } {
  const names = row.user_email === undefined ? [] : [emailName(row.user_email)];
  const lists = [`role:${row.user_role}`, ...new Set(row.teams.map((team) => `team:${team}`))];
  if (row.budget_id !== undefined) lists.push(`budget:${row.budget_id}`);
  return { op: 'put', kind: 'user', id: userId, expected, names, lists, body: JSON.stringify(row) };
}

/** Who has an email address; its case does not count. */
export async function userByEmail(store: EntityStore, email: string): Promise<Stored<'user'> | undefined> {
  const entity = await store.named('user', emailName(email));
  return entity === undefined ? undefined : stored('user', entity);
}

/** Puts a team on, or takes it off, a user's own list. Users that only keys and teams know of are not to be made meanwhile. */
export async function teamListChange(
  parts: { readonly store: EntityStore },
  userId: string,
  { add, drop }: { readonly add?: string; readonly drop?: string },
): Promise<readonly Change[]> {
  const user = await readOne(parts, 'user', userId);
  if (user === undefined) return [{ op: 'check', kind: 'user', id: userId, expected: 0 }];
  const left = user.row.teams.filter((team) => team !== drop && team !== add);
  const teams = add === undefined ? left : [...left, add];
  return [userPut(userId, { ...user.row, teams }, user.version)];
}

function emailName(email: string): string {
  return `email:${email.toLowerCase()}`;
}
