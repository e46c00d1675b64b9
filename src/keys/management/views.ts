import { type LimitFields, limitShape } from '../rows/limit-fields';
import { policyShape } from '../rows/policy-fields';
import { type Stored } from '../rows/rows';
import { memberId } from '../../kernel/member-id';

/** What the books say of an entity. */
export interface Spent {
  /** Dollars: in the period of the money budget, without one of all time. LiteLLM sets it to 0 at `budget_reset_at`. */
  readonly spend: number;
  /** Dollars of all time. */
  readonly totalSpend: number;
  /** When its budget starts anew, Unix milliseconds. */
  readonly resetAtMs?: number | undefined;
}

type View = Record<string, unknown>;

/** Nothing spent, for entities that were just made. */
export const nothingSpent: Spent = { spend: 0, totalSpend: 0 };

/** A key in LiteLLM's shape. What LiteLLM keeps in `metadata` is shown there too. @param budget that it points to. */
export function keyView(key: Stored<'key'>, spent: Spent, budget?: LimitFields): View {
  const { row, id, createdAtMs, updatedAtMs } = key;
  const { expiresMs, tempBudgetUntilMs, contentLoggingUntilMs, rotatedMs } = row;
  return {
    token: id,
    key_name: row.key_name,
    key_alias: row.key_alias ?? null,
    spend: spent.spend,
    total_spend: spent.totalSpend,
    expires: dateOf(expiresMs),
    models: row.models,
    aliases: row.aliases,
    config: {},
    user_id: row.user_id ?? null,
    team_id: row.team_id ?? null,
    organization_id: null,
    permissions: {},
    metadata: shownMetadata(row),
    tags: row.tags,
    blocked: row.blocked,
    ...limitsView(row),
    ...policyView(row),
    budget_id: row.budget_id ?? null,
    litellm_budget_table: tableOf(row.budget_id, budget),
    budget_reset_at: dateOf(spent.resetAtMs),
    model_spend: {},
    allowed_routes: row.allowed_routes ?? [],
    disable_fallbacks: row.disable_fallbacks ?? false,
    temp_budget_increase: row.temp_budget_increase ?? null,
    temp_budget_expiry: dateOf(tempBudgetUntilMs),
    content_logging_until: dateOf(contentLoggingUntilMs),
    created_at: dateOf(createdAtMs),
    created_by: row.created_by ?? null,
    updated_at: dateOf(updatedAtMs),
    updated_by: row.updated_by ?? null,
    rotation_count: row.rotations,
    last_rotation_at: dateOf(rotatedMs),
    ...row.kept,
    ...faultsView(key),
  };
}

/** A team in LiteLLM's shape. */
export function teamView(team: Stored<'team'>, spent: Spent, budget?: LimitFields): View {
  const { row, id, createdAtMs, updatedAtMs } = team;
  return {
    team_id: id,
    team_alias: row.team_alias ?? null,
    organization_id: null,
    members_with_roles: row.members_with_roles,
    metadata: row.metadata,
    tags: row.tags,
    ...limitsView(row),
    ...policyView(row),
    models: row.models,
    model_aliases: row.model_aliases,
    blocked: row.blocked,
    spend: spent.spend,
    total_spend: spent.totalSpend,
    budget_id: row.budget_id ?? null,
    litellm_budget_table: tableOf(row.budget_id, budget),
    budget_reset_at: dateOf(spent.resetAtMs),
    team_member_permissions: row.team_member_permissions,
    team_member_budget: row.team_member_budget ?? null,
    team_member_budget_duration: row.team_member_budget_duration ?? null,
    team_member_rpm_limit: row.team_member_rpm_limit ?? null,
    team_member_tpm_limit: row.team_member_tpm_limit ?? null,
    created_at: dateOf(createdAtMs),
    updated_at: dateOf(updatedAtMs),
    ...row.kept,
    // LiteLLM's clients send these too, mostly empty.
    admins: row.members_with_roles.flatMap(({ role, user_id }) => (role === 'admin' ? [user_id] : [])),
    members: row.members_with_roles.map(({ user_id }) => user_id),
    ...faultsView(team),
  };
}

/** What one member is held to in a team, in LiteLLM's shape: limits of its own, of its budget, and of all members of the team. */
export function membershipView(
  ids: { readonly team_id: string; readonly user_id: string },
  {
    budgetId,
    limits,
    spent,
  }: { readonly budgetId: string | undefined; readonly limits: LimitFields; readonly spent: Spent },
): View {
  const { team_id, user_id } = ids;
  const { spend, totalSpend: total_spend } = spent;
  const litellm_budget_table = heldTo(budgetId ?? memberId(team_id, user_id), limits, spent);
  return { team_id, user_id, budget_id: budgetId ?? null, spend, total_spend, litellm_budget_table };
}

/** A user in LiteLLM's shape. */
export function userView(user: Stored<'user'>, spent: Spent, budget?: LimitFields): View {
  const { row, id, createdAtMs, updatedAtMs } = user;
  return {
    user_id: id,
    user_email: row.user_email ?? null,
    user_alias: row.user_alias ?? null,
    user_role: row.user_role,
    teams: row.teams,
    models: row.models,
    metadata: row.metadata,
    ...limitsView(row),
    limit_mode: row.limit_mode ?? null,
    spend: spent.spend,
    total_spend: spent.totalSpend,
    budget_id: row.budget_id ?? null,
    litellm_budget_table: tableOf(row.budget_id, budget),
    budget_reset_at: dateOf(spent.resetAtMs),
    organization_memberships: [],
    created_at: dateOf(createdAtMs),
    updated_at: dateOf(updatedAtMs),
    ...row.kept,
    ...faultsView(user),
  };
}

/** The named budget that somebody points to. */
function tableOf(budgetId: string | undefined, budget: LimitFields | undefined): View | null {
  return budget === undefined ? null : { budget_id: budgetId ?? null, ...limitsView(budget) };
}

/** A budget in LiteLLM's shape. */
export function budgetView(budget: Stored<'budget'>): View {
  const { id, row, createdAtMs, updatedAtMs } = budget;
  return {
    budget_id: id,
    ...limitsView(row),
    budget_reset_at: null,
    created_at: dateOf(createdAtMs),
    created_by: row.created_by ?? null,
    updated_at: dateOf(updatedAtMs),
    ...faultsView(budget),
  };
}

/** A customer in LiteLLM's shape. */
export function customerView(customer: Stored<'customer'>, spent: Spent, budget: LimitFields | undefined): View {
  const { id, row } = customer;
  return {
    user_id: id,
    alias: row.alias ?? null,
    spend: spent.spend,
    total_spend: spent.totalSpend,
    blocked: row.blocked,
    allowed_model_region: row.allowed_model_region ?? null,
    default_model: row.default_model ?? null,
    budget_id: row.budget_id ?? null,
    litellm_budget_table: heldTo(row.budget_id, budget ?? row, spent),
  };
}

/** Limits, and when their period ends; null where there are none. */
function heldTo(budgetId: string | undefined, limits: LimitFields, { resetAtMs }: Spent): View | null {
  const isHeld = Object.keys(definedLimits(limits)).length > 0;
  return isHeld ? { ...tableOf(budgetId, limits), budget_reset_at: dateOf(resetAtMs) } : null;
}

/** Fields that are stored and cannot be used: whoever they hold is refused until they are set again. */
function faultsView({ faults }: { readonly faults?: readonly string[] }): View {
  return faults === undefined ? {} : { unusable_fields: faults };
}

/** RFC 3339, or null. */
export function dateOf(momentMs: number | undefined): string | null {
  return momentMs === undefined ? null : new Date(momentMs).toISOString();
}

const limitNames = Object.keys(limitShape) as (keyof LimitFields)[];
const policyNames = Object.keys(policyShape);
/** LiteLLM shows these maps empty rather than null. */
const mapsWhenEmpty: ReadonlySet<string> = new Set(['model_max_budget']);

function limitsView(fields: LimitFields): View {
  return Object.fromEntries(limitNames.map((name) => [name, fields[name] ?? (mapsWhenEmpty.has(name) ? {} : null)]));
}

function definedLimits(fields: LimitFields): View {
  return Object.fromEntries(limitNames.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
}

function policyView(fields: Readonly<Record<string, unknown>>): View {
  return Object.fromEntries(policyNames.map((name) => [name, fields[name] ?? null]));
}

function shownMetadata({ metadata, model_rpm_limit, model_tpm_limit, tags }: Stored<'key'>['row']): View {
  return {
    ...(model_rpm_limit === undefined ? {} : { model_rpm_limit }),
    ...(model_tpm_limit === undefined ? {} : { model_tpm_limit }),
    ...(tags.length === 0 ? {} : { tags }),
    ...metadata,
  };
}
