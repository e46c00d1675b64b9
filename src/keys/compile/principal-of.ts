import { type Limits, type ScopeLimits } from '../../kernel/limits';
import { nanosFromDollars } from '../../kernel/money';
import { plainValuesAt, type PlainValues } from '../../kernel/plain-values';
import { type Principal, type Role } from '../../kernel/principal';
import { present } from '../present';
import { type LimitFields } from '../rows/limit-fields';
import { standingOf } from '../rows/key-row';
import { type Stored } from '../rows/rows';
import { memberId } from '../../kernel/member-id';
import { type BudgetRow } from '../rows/user-row';
import { type LimitTimes, limitsOf, modelLimitsOf, withBudget } from './limits-of';
import { policyOf } from './policy-of';

/** Everything that is stored about the holder of a key. */
export interface HolderFacts {
  readonly key: Stored<'key'>;
  readonly team: Stored<'team'> | undefined;
  readonly user: Stored<'user'> | undefined;
  readonly member: Stored<'member'> | undefined;
  /** Budgets that these point to, by id. */
  readonly budgets: ReadonlyMap<string, BudgetRow>;
}

/** What holds for everybody, from the settings. */
export interface HolderRules {
  readonly limitMode: 'enforce' | 'observe';
  /** Budget of the whole gateway; undefined without one. */
  readonly proxy: LimitFields | undefined;
  /** Of customers without limits of their own. */
  readonly customer: LimitFields | undefined;
  /** Paths in the metadata of keys and teams that labels of metrics are made of. */
  readonly metadataLabels?: readonly string[];
}

const noIncrease = { increaseNanos: 0 };

/** The holder of a key, from what is stored at this moment. Pure. */
export function principalOf(facts: HolderFacts, rules: HolderRules, nowMs: number): Principal {
  const { key, team, user } = facts;
  const { key_alias, team_id, user_id } = key.row;
  const modelScopes = modelScopesOf(facts, rules, nowMs);
  const isLent = user_id !== undefined && standingOf(key.row) === 'team';
  return {
    kind: 'virtual',
    role: roleOf(user?.row.user_role, isLent),
    keyHash: key.id,
    ...present({
      keyAlias: key_alias,
      teamId: team_id,
      teamAlias: team?.row.team_alias,
      userId: user_id,
      limitedAliases: limitedAliasesOf(facts, modelScopes),
      userEmail: user?.row.user_email,
      labelled: labelledBy(facts, rules),
      isLent: isLent ? true : undefined,
      customerDefaults:
        rules.customer === undefined ? undefined : limitsOf(rules.customer, { anchorMs: 0, ...noIncrease }),
    }),
    policy: policyOf(key.row, team?.row, user?.row),
    scopes: scopesOf(facts, rules, nowMs),
    modelScopes,
  };
}

/** What the key says goes before what its team says. */
function labelledBy({ key, team }: HolderFacts, { metadataLabels = [] }: HolderRules): PlainValues | undefined {
  if (metadataLabels.length === 0) return undefined;
  const both = {
    ...plainValuesAt(team?.row.metadata, metadataLabels),
    ...plainValuesAt(key.row.metadata, metadataLabels),
  };
  return Object.keys(both).length === 0 ? undefined : both;
}

/** Rights of a person go with keys that nobody else knows; to be held back goes with all of them. */
function roleOf(role: Role = 'internal_user', isLent: boolean): Role {
  return isLent && role !== 'internal_user_viewer' ? 'internal_user' : role;
}

/** The key first, then who it belongs to, then the gateway as a whole. */
function scopesOf(facts: HolderFacts, rules: HolderRules, nowMs: number): readonly ScopeLimits[] {
  const { key, team, user, member, budgets } = facts;
  const { team_id: teamId, user_id: userId } = key.row;
  const scopes: ScopeLimits[] = [keyScope(facts, rules, nowMs)];
  if (team !== undefined) scopes.push(teamScope(team, facts, rules));
  if (team !== undefined && userId !== undefined) {
    const { row } = member ?? { row: undefined };
    const own = withBudget(row ?? {}, budgetOf(row?.budget_id, budgets), defaultsOfMembers(team));
    const limits = limitsOf(own, anchorOf(periodsOfMember(member, team)));
    const mode = team.row.limit_mode ?? rules.limitMode;
    scopes.push({ kind: 'member', id: memberId(team.id, userId), limits, mode, name: userId });
  }
  if (userId !== undefined) scopes.push(userScope(userId, user, { facts, rules, hasTeam: teamId !== undefined }));
  if (rules.proxy !== undefined) {
    const limits = limitsOf(rules.proxy, { anchorMs: 0, ...noIncrease });
    scopes.push({ kind: 'proxy', id: 'all', limits, mode: rules.limitMode, name: 'the gateway' });
  }
  return scopes;
}

function keyScope({ key, budgets }: HolderFacts, rules: HolderRules, nowMs: number): ScopeLimits {
  const fields = withBudget(key.row, budgetOf(key.row.budget_id, budgets));
  const { key_alias, key_name, limit_mode } = key.row;
  const mode = limit_mode ?? rules.limitMode;
  const limits = limitsOf(fields, timesOfKey(key, nowMs));
  return { kind: 'key', id: key.id, limits, mode, name: key_alias ?? key_name };
}

/** Budgets that are pointed to, by id. */
type Budgets = Pick<HolderFacts, 'budgets'>;

/** What a key is held to, for all models and for single ones. */
export function ownScopesOfKey(facts: HolderFacts, rules: HolderRules, nowMs: number): readonly ScopeLimits[] {
  const { key, budgets } = facts;
  const scope = keyScope(facts, rules, nowMs);
  const fields = withBudget(key.row, budgetOf(key.row.budget_id, budgets));
  return [scope, ...ofModels(scope, modelLimitsOf(fields, timesOfKey(key, nowMs)))];
}

/** What a team is held to, in the same way. */
export function ownScopesOfTeam(team: Stored<'team'>, facts: Budgets, rules: HolderRules): readonly ScopeLimits[] {
  const scope = teamScope(team, facts, rules);
  const fields = withBudget(team.row, budgetOf(team.row.budget_id, facts.budgets));
  return [scope, ...ofModels(scope, modelLimitsOf(fields, anchorOf(team)))];
}

/** What a person is held to with keys without a team. */
export function ownScopeOfUser(user: Stored<'user'>, facts: Budgets, rules: HolderRules): ScopeLimits {
  return userScope(user.id, user, { facts, rules, hasTeam: false });
}

function ofModels(scope: ScopeLimits, all: ReadonlyMap<string, Limits>): readonly ScopeLimits[] {
  return [...all].map(([model, limits]) => ({ ...scope, model, limits }));
}

function teamScope(team: Stored<'team'>, { budgets }: Budgets, rules: HolderRules): ScopeLimits {
  const limits = limitsOf(withBudget(team.row, budgetOf(team.row.budget_id, budgets)), anchorOf(team));
  const mode = team.row.limit_mode ?? rules.limitMode;
  return { kind: 'team', id: team.id, limits, mode, name: team.row.team_alias ?? team.id };
}

interface UserContext {
  readonly facts: Budgets;
  readonly rules: HolderRules;
  readonly hasTeam: boolean;
}

/** A person's budgets are for keys without a team, as in LiteLLM; a person's rate limits are for all keys. */
function userScope(id: string, user: Stored<'user'> | undefined, { facts, rules, hasTeam }: UserContext): ScopeLimits {
  const fields = user === undefined ? {} : withBudget(user.row, budgetOf(user.row.budget_id, facts.budgets));
  const limits = limitsOf(fields, user === undefined ? { anchorMs: 0, ...noIncrease } : anchorOf(user));
  const mode = user?.row.limit_mode ?? rules.limitMode;
  return { kind: 'user', id, limits: hasTeam ? { ...limits, budgets: [] } : limits, mode, name: id };
}

function modelScopesOf(facts: HolderFacts, rules: HolderRules, nowMs: number): Principal['modelScopes'] {
  const { team } = facts;
  const own = ownScopesOfKey(facts, rules, nowMs);
  const all = team === undefined ? own : [...own, ...ownScopesOfTeam(team, facts, rules)];
  const scopes = new Map<string, ScopeLimits[]>();
  for (const scope of all) {
    if (scope.model === undefined) continue;
    const ofModel = scopes.get(scope.model) ?? [];
    scopes.set(scope.model, ofModel);
    ofModel.push(scope);
  }
  return scopes;
}

/**
 * A limit for an alias is one for what it stands for. An alias of the key does not take the place of the team's here, or who
 * makes keys could lead the team's limit elsewhere; and the limit goes on to hold for a model that has its very name.
 */
function limitedAliasesOf({ key, team }: HolderFacts, limited: Principal['modelScopes']): Principal['limitedAliases'] {
  const aliases = [...Object.entries(team?.row.model_aliases ?? {}), ...Object.entries(key.row.aliases)];
  const found = new Map<string, string[]>();
  for (const [alias, model] of aliases) {
    const known = found.get(model) ?? [];
    if (limited.has(alias) && !known.includes(alias)) found.set(model, [...known, alias]);
  }
  return found.size === 0 ? undefined : found;
}

/**
 * From whose making the periods of a member are counted. The team's period is the team's: whatever else is said of a member,
 * which an admin of the team may do at any time, does not start it anew.
 */
export function periodsOfMember(
  member: Stored<'member'> | undefined,
  team: Stored<'team'>,
): Stored<'member'> | Stored<'team'> {
  const { budget_duration, budget_limits, budget_id } = member?.row ?? {};
  const hasOwn = [budget_duration, budget_limits, budget_id].some((field) => field !== undefined);
  return member !== undefined && hasOwn ? member : team;
}

/** What the team says of members who have nothing of their own. */
export function defaultsOfMembers({ row }: Stored<'team'>): LimitFields {
  return present({
    max_budget: row.team_member_budget,
    budget_duration: row.team_member_budget_duration,
    rpm_limit: row.team_member_rpm_limit,
    tpm_limit: row.team_member_tpm_limit,
  });
}

function timesOfKey({ row, createdAtMs }: Stored<'key'>, nowMs: number): LimitTimes {
  const { temp_budget_increase: increase = 0, tempBudgetUntilMs: untilMs = 0 } = row;
  return { anchorMs: createdAtMs, increaseNanos: nowMs < untilMs ? nanosFromDollars(increase) : 0 };
}

function anchorOf({ createdAtMs }: { readonly createdAtMs: number }): LimitTimes {
  return { anchorMs: createdAtMs, ...noIncrease };
}

function budgetOf(id: string | undefined, budgets: ReadonlyMap<string, BudgetRow>): BudgetRow | undefined {
  return id === undefined ? undefined : budgets.get(id);
}
