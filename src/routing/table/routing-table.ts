import { type Deployment, isVisible } from '../../config/deployment';
import { type Settings } from '../../config/settings';
import { Memo } from '../../kernel/memo';
import { type NamePattern, patternsOf, tailOf } from './name-pattern';

/** The part of the settings that says which names lead where. */
export type TableSettings = Pick<Settings, 'deployments' | 'modelAliases' | 'routing'>;

/** Where a name leads. */
export interface Resolved {
  readonly modelGroup: string;
  /** A name from a closed set, for metric labels. */
  readonly label: string;
  /** At least one. */
  readonly deployments: readonly Deployment[];
  /** One deployment was asked for by its id: whether it rests is not looked at. */
  readonly isById: boolean;
}

/** Names that wildcards were filled in with; clients choose them, so there is an end to it. */
const rememberedNames = 1_000;
/** Names that mean the Codex backend in a model string such as `codex/gpt-5.5`. */
const codexPrefixes = ['codex-oauth', 'codex', 'chatgpt'];

/**
 * Names → deployments, compiled from settings and never changed: new settings make a new table. Order of resolution:
 * deployment id, alias, a team's own name, group, the most specific wildcard, model string, the first `"*"` fallback.
 */
export class RoutingTable {
  /** Every group in the order of the file; names may hold a `*`. */
  readonly groups: ReadonlyMap<string, readonly Deployment[]>;
  readonly aliases: Settings['modelAliases'];
  private readonly byId: ReadonlyMap<string, Deployment>;
  private readonly byTeamName: ReadonlyMap<string, readonly Deployment[]>;
  private readonly byModelString: ReadonlyMap<string, readonly Deployment[]>;
  private readonly wildcards: readonly NamePattern[];
  private readonly accessGroups = new Map<string, ReadonlySet<string>>();
  private readonly anyFallback: string | undefined;
  private readonly filledIn = new Memo<string, readonly Deployment[]>(rememberedNames);

  constructor({ deployments, modelAliases, routing }: TableSettings) {
    this.aliases = modelAliases;
    this.byId = new Map(deployments.map((each) => [each.id, each]));
    this.groups = grouped(deployments, (each) => [each.modelGroup]);
    this.byTeamName = grouped(deployments, ({ routing: own }) =>
      (own?.teamIds ?? []).flatMap((team) =>
        own?.teamModelName === undefined ? [] : [`${team}\n${own.teamModelName}`],
      ),
    );
    this.byModelString = grouped(deployments, modelStringsOf);
    this.wildcards = patternsOf(this.groups.keys());
    this.anyFallback = routing.fallbacks.general.get('*')?.[0];
    for (const [group, members] of this.groups) {
      this.accessGroups.set(group, new Set(members.flatMap((each) => each.routing?.accessGroups ?? [])));
    }
  }

  /** @param teamId of the caller: deployments of other teams do not exist for it. @returns undefined for an unknown name. */
  resolve(requested: string, teamId?: string): Resolved | undefined {
    const named = this.byId.get(requested);
    if (named !== undefined && isVisible(named, teamId)) {
      return { modelGroup: named.modelGroup, label: named.modelGroup, deployments: [named], isById: true };
    }
    const wanted = this.aliases.get(requested)?.model ?? requested;
    return this.ofGroup(wanted, requested, teamId) ?? this.ofAnyFallback(requested, teamId);
  }

  /** Whether the operator gave this name to something; a wildcard lets through what clients think up. */
  isOwnName(name: string): boolean {
    return this.byId.has(name) || this.aliases.has(name) || this.groups.has(name) || this.byModelString.has(name);
  }

  /** Names of access groups that stand for this model group too. */
  accessGroupsOf(modelGroup: string): ReadonlySet<string> {
    return this.accessGroups.get(modelGroup) ?? nothing;
  }

  private ofGroup(wanted: string, label: string, teamId: string | undefined): Resolved | undefined {
    const own = teamId === undefined ? undefined : this.byTeamName.get(`${teamId}\n${wanted}`);
    if (own !== undefined) return resolved(wanted, label, own, teamId);
    const exact = this.groups.get(wanted);
    if (exact !== undefined) return resolved(wanted, label, exact, teamId);
    return this.ofWildcard(wanted, teamId) ?? this.ofModelString(wanted, teamId);
  }

  private ofWildcard(wanted: string, teamId: string | undefined): Resolved | undefined {
    for (const pattern of this.wildcards) {
      const tail = tailOf(wanted, pattern);
      if (tail === undefined) continue;
      const members = this.filled(pattern.pattern, tail);
      const found = resolved(pattern.pattern, pattern.pattern, members, teamId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The same objects for the same name: what is known of a deployment hangs on it. */
  private filled(group: string, tail: string): readonly Deployment[] {
    const key = `${group}\n${tail}`;
    const known = this.filledIn.get(key);
    if (known !== undefined) return known;
    const members = (this.groups.get(group) ?? []).map((each) => concrete(each, tail));
    this.filledIn.set(key, members);
    return members;
  }

  private ofModelString(wanted: string, teamId: string | undefined): Resolved | undefined {
    const members = this.byModelString.get(wanted);
    const group = members?.[0]?.modelGroup;
    if (members === undefined || group === undefined) return undefined;
    return resolved(group, group, members, teamId);
  }

  private ofAnyFallback(requested: string, teamId: string | undefined): Resolved | undefined {
    const { anyFallback } = this;
    if (anyFallback === undefined || anyFallback === requested) return undefined;
    return this.ofGroup(this.aliases.get(anyFallback)?.model ?? anyFallback, anyFallback, teamId);
  }
}

/** A deployment whose own `*` is filled in. */
export function concrete(deployment: Deployment, tail: string): Deployment {
  return deployment.upstreamModel.includes('*')
    ? { ...deployment, upstreamModel: deployment.upstreamModel.replace('*', () => tail) }
    : deployment;
}

const nothing: ReadonlySet<string> = new Set();

function resolved(
  modelGroup: string,
  label: string,
  members: readonly Deployment[],
  teamId: string | undefined,
): Resolved | undefined {
  const isOpen = members.every(({ routing }) => routing?.teamIds === undefined);
  const deployments = isOpen ? members : members.filter((each) => isVisible(each, teamId));
  return deployments.length === 0 ? undefined : { modelGroup, label, deployments, isById: false };
}

/** What LiteLLM writes for the upstream model; wildcards have none. */
function modelStringsOf({ provider, upstreamModel }: Deployment): readonly string[] {
  if (upstreamModel.includes('*')) return [];
  const prefixes = provider === 'openai' ? ['openai'] : codexPrefixes;
  return prefixes.map((prefix) => `${prefix}/${upstreamModel}`);
}

function grouped(
  deployments: readonly Deployment[],
  namesOf: (deployment: Deployment) => readonly string[],
): ReadonlyMap<string, readonly Deployment[]> {
  const groups = new Map<string, Deployment[]>();
  for (const deployment of deployments) {
    for (const name of namesOf(deployment)) {
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [deployment]);
      else group.push(deployment);
    }
  }
  return groups;
}
