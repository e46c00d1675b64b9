import { invalidRequest } from '../../kernel/errors';
import { type Put } from '../../state/entities/entity';
import { after, isDuration } from '../rows/duration';
import { type KeyRow, keyRowSchema } from '../rows/key-row';
import { mostWindows } from '../rows/limit-fields';
import { memberId } from '../../kernel/member-id';
import { secretName } from '../secrets';
import { type CommonKeyFields, type GenerateFields, type UpdateFields } from './key-fields';
import { keptWithout } from './edits';
import { type ReadFields } from './request-fields';

/** LiteLLM's kinds of keys, as the routes they open. */
const routesOfType: Readonly<Record<NonNullable<GenerateFields['key_type']>, readonly string[] | undefined>> = {
  default: undefined,
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
};

/** A key's document; its id is the digest of its first secret. */
export function keyPut(id: string, row: KeyRow, expected: number): Put {
  const { secrets, key_alias, team_id, user_id, budget_id } = row;
  const lists: string[] = [];
  if (team_id !== undefined) lists.push(listOf({ team_id }));
  if (user_id !== undefined) lists.push(listOf({ user_id }));
  if (team_id !== undefined && user_id !== undefined) lists.push(listOf({ team_id, user_id }));
  if (budget_id !== undefined) lists.push(`budget:${budget_id}`);
  const names = secrets.map(({ hash }) => secretName(hash));
  if (key_alias !== undefined) names.push(aliasName(key_alias));
  return { op: 'put', kind: 'key', id, expected, names, lists, body: JSON.stringify(row) };
}

/** Name under which the store finds a key by its alias. */
export function aliasName(alias: string): string {
  return `alias:${alias}`;
}

/** The list of the keys of a team, of a user, or of a user in a team. */
export function listOf({ team_id, user_id }: { readonly team_id?: string; readonly user_id?: string }): string {
  if (team_id !== undefined && user_id !== undefined) return `member:${memberId(team_id, user_id)}`;
  return team_id === undefined ? `user:${user_id ?? ''}` : `team:${team_id}`;
}

/** The fields of a new key, as they are stored. @param secret as it is stored. */
export function rowOfNewKey(
  { fields, kept }: Pick<ReadFields<GenerateFields>, 'fields' | 'kept'>,
  base: Pick<KeyRow, 'secrets' | 'key_name'> & Partial<KeyRow>,
  nowMs: number,
): KeyRow {
  const { duration } = fields;
  const routes = fields.allowed_routes ?? routesOfType[fields.key_type ?? 'default'];
  const row = {
    ...base,
    ...storedFields(without(fields, ['key', 'key_type', 'duration']), nowMs),
    ...(duration === undefined ? {} : { expiresMs: after(nowMs, duration) }),
    ...(routes === undefined ? {} : { allowed_routes: routes }),
    kept: { ...kept },
  };
  return checked(row);
}

/** A key with changed fields. Cleared ones are gone. */
export function rowOfUpdate(row: KeyRow, read: ReadFields<UpdateFields>, nowMs: number): KeyRow {
  const { duration, temp_budget_expiry: expiry, temp_budget_increase: increase, ...common } = read.fields;
  if ((expiry === undefined) !== (increase === undefined))
    throw invalidRequest("'temp_budget_increase' and 'temp_budget_expiry' go together.", 'temp_budget_expiry');
  const changed: Record<string, unknown> = {
    ...row,
    ...storedFields(common, nowMs),
    kept: keptWithout(read.cleared, { ...row.kept, ...read.kept }),
  };
  if (duration !== undefined) changed['expiresMs'] = duration === '-1' ? undefined : after(nowMs, duration);
  if (increase !== undefined && expiry !== undefined) {
    changed['temp_budget_increase'] = increase;
    changed['tempBudgetUntilMs'] = isDuration(expiry) ? after(nowMs, expiry) : Date.parse(expiry);
  }
  for (const name of read.cleared) for (const field of storedNames.get(name) ?? [name]) changed[field] = undefined;
  return checked(changed);
}

/** What a field is called where it is stored, when that is another name. */
const storedNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['duration', ['expiresMs']],
  ['content_logging_duration', ['contentLoggingUntilMs']],
  ['temp_budget_expiry', ['tempBudgetUntilMs', 'temp_budget_increase']],
  ['temp_budget_increase', ['tempBudgetUntilMs', 'temp_budget_increase']],
]);

function storedFields(
  { content_logging_duration: logging, ...fields }: CommonKeyFields,
  nowMs: number,
): Partial<KeyRow> {
  const until = logging === undefined ? {} : { contentLoggingUntilMs: after(nowMs, logging) };
  return { ...fields, ...until };
}

function without<T extends object, K extends keyof T & string>(fields: T, names: readonly K[]): Omit<T, K> {
  const isLeft = (name: string): boolean => !names.some((each) => each === name);
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isLeft(name))) as Omit<T, K>;
}

/** Undefined fields are as good as absent, and defaults come back. */
function checked(row: object): KeyRow {
  // What is taken over from a budget or the settings may come on top of what was sent.
  if ('budget_limits' in row && Array.isArray(row.budget_limits) && row.budget_limits.length > mostWindows)
    throw invalidRequest(
      `'budget_limits' must have at most ${mostWindows} entries, and with those that are taken over it has ${row.budget_limits.length}.`,
      'budget_limits',
    );
  const { models, team_id } = keyRowSchema.parse(row);
  if (models.includes('all-team-models') && team_id === undefined)
    throw invalidRequest("'models' says all-team-models, and the key has no team: say a team_id.", 'models');
  return keyRowSchema.loose().parse(row);
}
