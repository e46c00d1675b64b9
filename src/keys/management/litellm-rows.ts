import { type z } from 'zod';
import { keyRowSchema } from '../rows/key-row';
import { teamRowSchema } from '../rows/team-row';
import { budgetRowSchema, userRoles, userRowSchema } from '../rows/user-row';
import { isDigest } from '../secrets';

/** A row of a LiteLLM table, as a dump has it. */
export type Row = Readonly<Record<string, unknown>>;

/** A row in our form, or why it cannot be had. */
export type ReadRow<T> =
  | {
      readonly kind: 'row';
      readonly id: string;
      readonly row: T;
      readonly createdMs: number | undefined;
      readonly spend: number;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'unusable'; readonly id: string; readonly why: string };

/** Keys of LiteLLM's own dashboard sessions belong to this team. */
const dashboardTeam = 'litellm-dashboard';
/** Columns that hold JSON, which some dumps have as text. */
const jsonColumns: ReadonlySet<string> = new Set([
  'metadata',
  'aliases',
  'model_max_budget',
  'members_with_roles',
  'permissions',
  'config',
  'router_settings',
  'budget_limits',
]);
const listColumns: ReadonlySet<string> = new Set([
  'models',
  'teams',
  'allowed_routes',
  'allowed_cache_controls',
  'team_member_permissions',
  'tags',
]);
/** Limits that LiteLLM keeps in `metadata`. */
const insideMetadata = ['tags', 'model_rpm_limit', 'model_tpm_limit', 'soft_budget', 'temp_budget_increase'] as const;
const shownAsKept = [
  'permissions',
  'config',
  'router_settings',
  'allowed_cache_controls',
  'organization_id',
  'object_permission_id',
  'auto_rotate',
  'rotation_interval',
] as const;

/** A row of `LiteLLM_VerificationToken`. */
export function keyFrom(source: Row): ReadRow<z.infer<typeof keyRowSchema>> {
  const columns = columnsOf(source);
  const token = textOf(columns['token'])?.toLowerCase() ?? '';
  if (!isDigest(token))
    return unusable(textOf(columns['key_alias']) ?? '?', "'token' is not the SHA-256 of a key in hex");
  if (columns['team_id'] === dashboardTeam) return unusable(token, 'a session of LiteLLM’s dashboard, not a key');
  const expiresMs = momentOf(columns['expires']);
  // Taken for none, it would make a key that never ends.
  if (columns['expires'] !== undefined && expiresMs === undefined)
    return unusable(token, "'expires' is no moment that can be read");
  const fields = {
    ...columns,
    ...lifted(columns),
    secrets: [{ hash: token }],
    key_name: textOf(columns['key_name']) ?? 'sk-...',
    expiresMs,
    rotations: columns['rotation_count'] ?? 0,
    kept: keptOf(columns),
    created_by: textOf(columns['created_by']),
    // Whoever made it there, it is the operator who brings it here.
    standing: 'operator',
    operator_aliases: columns['aliases'],
  };
  return parsed(keyRowSchema, token, { fields, columns });
}

/** A row of `LiteLLM_TeamTable`. */
export function teamFrom(source: Row): ReadRow<z.infer<typeof teamRowSchema>> {
  const columns = columnsOf(source);
  const id = textOf(columns['team_id']);
  if (id === undefined) return unusable('?', "'team_id' is missing");
  const members = Array.isArray(columns['members_with_roles']) ? columns['members_with_roles'] : [];
  const usable = members.flatMap((member: unknown) => memberFrom(member));
  const fields = { ...columns, ...lifted(columns), members_with_roles: usable, kept: keptOf(columns) };
  const notes = usable.length === members.length ? [] : ['members without a user_id were left out'];
  return parsed(teamRowSchema, id, { fields, columns, notes });
}

/** A row of `LiteLLM_UserTable`. */
export function userFrom(source: Row): ReadRow<z.infer<typeof userRowSchema>> {
  const columns = columnsOf(source);
  const id = textOf(columns['user_id']);
  if (id === undefined) return unusable('?', "'user_id' is missing");
  const written = textOf(columns['user_role']);
  const role = userRoles.find((each) => each === written);
  const notes =
    written === undefined || role !== undefined ? [] : [`role ${written.slice(0, 40)} became internal_user`];
  const fields = { ...columns, ...lifted(columns), user_role: role ?? 'internal_user', kept: {} };
  return parsed(userRowSchema, id, { fields, columns, notes });
}

/** A row of `LiteLLM_BudgetTable`. */
export function budgetFrom(source: Row): ReadRow<z.infer<typeof budgetRowSchema>> {
  const columns = columnsOf(source);
  const id = textOf(columns['budget_id']);
  return id === undefined
    ? unusable('?', "'budget_id' is missing")
    : parsed(budgetRowSchema, id, { fields: columns, columns });
}

function parsed<T>(
  schema: z.ZodType<T>,
  id: string,
  { fields, columns, notes = [] }: { readonly fields: Row; readonly columns: Row; readonly notes?: readonly string[] },
): ReadRow<T> {
  const read = schema.safeParse(fields);
  if (!read.success) {
    const issue = read.error.issues[0];
    return unusable(id, `'${issue?.path.join('.') ?? ''}' ${issue?.message ?? 'is not right'}`);
  }
  const spend = Number(columns['spend'] ?? 0);
  return {
    kind: 'row',
    id,
    row: read.data,
    createdMs: momentOf(columns['created_at']),
    spend: Number.isFinite(spend) && spend > 0 ? spend : 0,
    notes,
  };
}

/** Without nulls and empty maps; text that holds JSON or a Postgres array is read. */
function columnsOf(source: Row): Row {
  return Object.fromEntries(
    Object.entries(source).flatMap(([name, value]) => {
      const read = jsonColumns.has(name) ? jsonOf(value) : listColumns.has(name) ? arrayOf(value) : value;
      const isEmpty = read === null || read === undefined || read === '' || isEmptyMap(read);
      // An empty list of routes opens all, as none does.
      const opensAll = name === 'allowed_routes' && Array.isArray(read) && read.length === 0;
      return isEmpty || opensAll ? [] : [[name, read]];
    }),
  );
}

function lifted(columns: Row): Row {
  const metadata = columns['metadata'];
  if (typeof metadata !== 'object' || metadata === null) return {};
  const inside = metadata as Row;
  const found = insideMetadata.filter(
    (name) => inside[name] !== undefined && inside[name] !== null && columns[name] === undefined,
  );
  const rest = Object.entries(inside).filter(
    ([name]) => !insideMetadata.some((each) => each === name) && name !== 'temp_budget_expiry',
  );
  const until = momentOf(inside['temp_budget_expiry']);
  return {
    ...Object.fromEntries(found.map((name) => [name, inside[name]])),
    ...(until === undefined ? {} : { tempBudgetUntilMs: until }),
    metadata: Object.fromEntries(rest),
  };
}

function keptOf(columns: Row): Row {
  return Object.fromEntries(
    shownAsKept.flatMap((name) => (columns[name] === undefined ? [] : [[name, columns[name]]])),
  );
}

function memberFrom(member: unknown): object[] {
  if (typeof member !== 'object' || member === null) return [];
  const { user_id, role, user_email } = member as Row;
  if (typeof user_id !== 'string' || user_id === '') return [];
  const email = typeof user_email === 'string' && user_email !== '' ? { user_email } : {};
  return [{ user_id, role: role === 'admin' ? 'admin' : 'user', ...email }];
}

function jsonOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

/** `["a"]`, `{a,"b c"}` as Postgres writes arrays, or a list. */
function arrayOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.startsWith('[')) return jsonOf(value);
  const inside = /^\{(.*)\}$/s.exec(value)?.[1];
  if (inside === undefined) return value === '' ? [] : [value];
  return [...inside.matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)].map(
    ([, quoted, bare]) => quoted?.replace(/\\(.)/g, '$1') ?? bare,
  );
}

function momentOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value < 1e11 ? value * 1_000 : value;
  if (typeof value !== 'string' || value === '') return undefined;
  // Postgres writes UTC without saying so.
  const hasZone = /(z|[+-]\d{2}(:?\d{2})?)$/i.test(value);
  const moment = Date.parse(hasZone ? value : `${value.replace(' ', 'T')}Z`);
  return Number.isFinite(moment) ? moment : undefined;
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function unusable(id: string, why: string): { readonly kind: 'unusable'; readonly id: string; readonly why: string } {
  return { kind: 'unusable', id, why };
}
