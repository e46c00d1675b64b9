import { lowerEffort } from '../../kernel/effort-ranks';
import { type CallPolicy, type ModelRule } from '../../kernel/principal';
import { intersection } from '../../kernel/networks';
import { present } from '../present';
import { type KeyRow } from '../rows/key-row';
import { type TeamRow } from '../rows/team-row';
import { type UserRow } from '../rows/user-row';

/** In a list of models: every model, whatever else the list names. */
export const allProxyModels = 'all-proxy-models';
/** In a key's list: what the team's own list allows. It leads nowhere for a key without a team. */
export const allTeamModels = 'all-team-models';
/** Names no model: a list of nothing else allows none, where an empty list would allow all. */
export const noDefaultModels = 'no-default-models';

/** What a key's calls may ask for: whatever key, team and user all allow. */
export function policyOf(key: KeyRow, team: TeamRow | undefined, user: UserRow | undefined): CallPolicy {
  return {
    modelRules: modelRulesOf(key, team, user),
    modelAliases: new Map([...Object.entries(team?.model_aliases ?? {}), ...Object.entries(key.aliases)]),
    ...forcedBy(key, team),
    ...present({ allowedRoutes: key.allowed_routes, contentLoggingUntilMs: key.contentLoggingUntilMs }),
    disableFallbacks: key.disable_fallbacks ?? key.metadata['disable_fallbacks'] === true,
    tags: [...new Set([...key.tags, ...(team?.tags ?? [])])],
  };
}

/** The team's word is the operator's; a key may only add to it. */
function forcedBy(key: KeyRow, team: Partial<TeamRow> = {}): Partial<CallPolicy> {
  return present({
    forcedModel: team.forced_model ?? key.forced_model,
    maxEffort: both<string>(key.max_reasoning_effort, team.max_reasoning_effort, lowerEffort),
    serviceTier: tierOf(key.service_tier, team.service_tier),
    networks: both<readonly string[]>(key.allowed_networks, team.allowed_networks, intersection),
    deployments: both<readonly string[]>(key.deployments, team.deployments, common),
    codexMode: key.codex_mode ?? team.codex_mode,
  });
}

function modelRulesOf(key: KeyRow, team: TeamRow | undefined, user: UserRow | undefined): readonly ModelRule[] {
  // Never the key's own aliases as they are: its holder may write them.
  const aliases = [team?.model_aliases ?? {}, key.operator_aliases ?? {}];
  return [
    ...ruleOf('key', key.models, { team, aliases }),
    ...key.models_within.flatMap((models) => ruleOf('key', models, { team, aliases: [] })),
    ...(team === undefined ? [] : ruleOf('team', team.models, { aliases: [team.model_aliases] })),
    // As in LiteLLM, a person's own list counts for keys without a team only.
    ...(team === undefined && user !== undefined ? ruleOf('user', user.models, { aliases: [] }) : []),
  ];
}

interface RuleContext {
  readonly team?: TeamRow | undefined;
  /** Of the operator. */
  readonly aliases: readonly Readonly<Record<string, string>>[];
}

function ruleOf(author: ModelRule['author'], models: readonly string[], { team, aliases }: RuleContext): ModelRule[] {
  if (models.length === 0 || models.includes(allProxyModels)) return [];
  // Beside the team's own rule there is nothing left to check; without a team it leads nowhere.
  if (author === 'key' && models.includes(allTeamModels) && team !== undefined) return [];
  const opened = aliases.flatMap((each) =>
    Object.entries(each).flatMap(([alias, model]) => (models.includes(alias) ? [model] : [])),
  );
  const rule = { author, models: models.filter((model) => model !== noDefaultModels && model !== allTeamModels) };
  return [opened.length === 0 ? rule : { ...rule, opened }];
}

function tierOf(key: KeyRow['service_tier'], team: TeamRow['service_tier']): KeyRow['service_tier'] {
  return key === 'forbidden' || team === 'forbidden' ? 'forbidden' : (team ?? key);
}

function both<T>(key: T | undefined, team: T | undefined, join: (a: T, b: T) => T): T | undefined {
  return key === undefined || team === undefined ? (key ?? team) : join(key, team);
}

function common(left: readonly string[], right: readonly string[]): readonly string[] {
  return left.filter((each) => right.includes(each));
}
