import { isJsonObject } from '../protocol/json-guards';
import { type GatewayFile } from './gateway-file';
import { type FileSections } from './settings-sources';

type Params = Readonly<Record<string, unknown>>;

/** What holds for keys, teams, users and customers. Money is dollars, as the file has it. */
export interface KeysSettings {
  readonly limitMode: 'enforce' | 'observe';
  readonly auditRecords: number;
  /** Networks, `10.0.0.0/8` or one address, that keys may be used from at all; undefined: from everywhere. */
  readonly allowedNetworks: readonly string[] | undefined;
  /** Routes that keys may call at all; undefined: all of them. */
  readonly allowedRoutes: readonly string[] | undefined;
  /** What the whole gateway is held to. */
  readonly proxyLimits: Params;
  readonly defaultKeyParams: Params;
  readonly upperBounds: Params;
  readonly keyGeneration: Params;
  readonly defaultUserParams: Params;
  readonly internalUserBudget: Params;
  readonly defaultTeamParams: Params;
  readonly customerBudget: Params;
  readonly customerBudgetId: string | undefined;
  readonly validatesAliases: boolean;
}

const standardAuditRecords = 10_000;

/** From `general_settings` and `litellm_settings`; the maps are read by the room that knows their fields. */
export function readKeys({ general, litellm }: FileSections): KeysSettings {
  return {
    limitMode: general.limit_mode ?? 'enforce',
    auditRecords: general.audit_log_max_records ?? standardAuditRecords,
    allowedNetworks: general.allowed_ips ?? undefined,
    allowedRoutes: general.allowed_routes ?? undefined,
    proxyLimits: {
      ...budget(litellm.max_budget, litellm.budget_duration),
      ...slots(general.global_max_parallel_requests),
    },
    defaultKeyParams: litellm.default_key_generate_params ?? {},
    upperBounds: litellm.upperbound_key_generate_params ?? {},
    keyGeneration: litellm.key_generation_settings ?? {},
    defaultUserParams: ofUsers(litellm.default_internal_user_params ?? {}),
    // A period by itself is for users who come with a budget of their own.
    internalUserBudget: {
      ...budget(litellm.max_internal_user_budget),
      ...period(litellm.internal_user_budget_duration),
    },
    defaultTeamParams: litellm.default_team_params ?? {},
    customerBudget: budget(litellm.max_end_user_budget, undefined),
    customerBudgetId: litellm.max_end_user_budget_id ?? undefined,
    validatesAliases: litellm.enable_key_alias_format_validation === true,
  };
}

/** Where the keys of `litellm_settings` stand in the file; empty without one. */
export function placesOfKeys(file: GatewayFile | undefined): Readonly<Record<string, string>> {
  const names = Object.keys(file?.content?.litellm_settings ?? {});
  return Object.fromEntries(names.map((name) => [name, file?.placeOf(['litellm_settings', name]) ?? '']));
}

/** What the maps hold that is taken, but does less than in LiteLLM. */
export function keysWarnings({ litellm }: FileSections, file: GatewayFile | undefined): readonly string[] {
  const params = litellm.default_internal_user_params ?? {};
  const placeOf = (name: string): string =>
    file?.placeOf(['litellm_settings', 'default_internal_user_params', name]) ?? '';
  const warnings: string[] = [];
  const teams: readonly unknown[] = Array.isArray(params['teams']) ? params['teams'] : [];
  const lost = new Set(
    teams.filter(isJsonObject).flatMap((team) => Object.keys(team).filter((name) => name !== 'team_id')),
  );
  if (lost.size > 0)
    warnings.push(
      `${placeOf('teams')}: only team_id is acted on, not ${[...lost].join(', ').slice(0, 120)}; POST /team/member_add gives members budgets and roles`,
    );
  if (teamsToJoin in params)
    warnings.push(
      `${placeOf(teamsToJoin)}: ignored, nobody joins a team by himself; POST /team/member_add adds members`,
    );
  return warnings;
}

/** LiteLLM's teams that people may join on its pages. */
const teamsToJoin = 'available_teams';

/** LiteLLM also writes teams as `{team_id, max_budget_in_team, user_role}`. */
function ofUsers(params: Params): Params {
  const known = Object.fromEntries(Object.entries(params).filter(([name]) => name !== teamsToJoin));
  const teams = known['teams'];
  if (!Array.isArray(teams)) return known;
  const plain = teams.map((team: unknown) =>
    isJsonObject(team) && typeof team['team_id'] === 'string' ? team['team_id'] : team,
  );
  return { ...known, teams: plain };
}

function budget(max: number | null | undefined, duration?: string | null): Params {
  return max === null || max === undefined ? {} : { max_budget: max, ...period(duration) };
}

function period(duration: string | null | undefined): Params {
  return duration === null || duration === undefined ? {} : { budget_duration: duration };
}

function slots(most: number | null | undefined): Params {
  return most === null || most === undefined ? {} : { max_parallel_requests: most };
}
