import { Inject, Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { SETTINGS } from '../config/config.module';
import { SettingsChanges } from '../config/settings-holder';
import { GatewayError, modelNotFound } from '../kernel/errors';
import { ModelCatalog } from '../models/model-catalog';

/** Where a request may go: the deployments that serve the model it asked for, at least one. */
export interface Route {
  /** Name as asked for, echoed to the client. */
  readonly requestedModel: string;
  readonly modelGroup: string;
  /** A name from a closed set (configured or catalogued) for metric labels. */
  readonly label: string;
  readonly deployments: readonly Deployment[];
}

/** One line of `GET /v1/models`. */
export interface OfferedModel {
  readonly name: string;
  readonly deployment: Deployment;
}

/**
 * Model groups of the configuration: name → deployments.
 *
 * Order of resolution: deployment id, alias, group, the most specific wildcard group. Without any configured deployment
 * every model of the default account's catalog is a group of its own.
 */
@Injectable()
export class ModelGroups {
  private groups: ReadonlyMap<string, readonly Deployment[]> = new Map();
  private byId: ReadonlyMap<string, Deployment> = new Map();
  private wildcards: readonly { readonly prefix: string; readonly suffix: string; readonly group: string }[] = [];
  private catalogOnly: Deployment | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly catalog: ModelCatalog,
    changes: SettingsChanges,
  ) {
    this.replace(settings);
    changes.onChange((now) => {
      this.replace(now);
    });
  }

  private replace(settings: Settings): void {
    const groups = new Map<string, Deployment[]>();
    for (const deployment of settings.deployments) {
      const group = groups.get(deployment.modelGroup);
      if (group === undefined) groups.set(deployment.modelGroup, [deployment]);
      else group.push(deployment);
    }
    this.groups = groups;
    this.byId = new Map(settings.deployments.map((deployment) => [deployment.id, deployment]));
    this.wildcards = wildcardsOf([...groups.keys()]);
    this.catalogOnly = settings.deployments.length === 0 ? catalogDeployment(settings) : undefined;
  }

  /** @throws {GatewayError} 404 `model_not_found`. */
  async resolve(requestedModel: string): Promise<Route> {
    if (this.catalogOnly !== undefined) return this.fromCatalog(requestedModel, this.catalogOnly);
    const named = this.byId.get(requestedModel);
    if (named !== undefined)
      return { requestedModel, modelGroup: named.modelGroup, label: named.modelGroup, deployments: [named] };
    const wanted = this.settings.modelAliases.get(requestedModel)?.model ?? requestedModel;
    const exact = this.groups.get(wanted);
    if (exact !== undefined) return { requestedModel, modelGroup: wanted, label: requestedModel, deployments: exact };
    const match = this.wildcards.find(({ prefix, suffix }) => fits(wanted, prefix, suffix));
    if (match === undefined) throw modelNotFound(requestedModel);
    const tail = wanted.slice(match.prefix.length, wanted.length - match.suffix.length);
    const deployments = (this.groups.get(match.group) ?? []).map((deployment) => concrete(deployment, tail));
    return { requestedModel, modelGroup: match.group, label: match.group, deployments };
  }

  /** The first deployment that a name leads to; undefined when it leads nowhere. */
  async targetOf(name: string): Promise<Deployment | undefined> {
    try {
      return (await this.resolve(name)).deployments[0];
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'model_not_found') return undefined;
      throw error;
    }
  }

  /** What `GET /v1/models` lists: groups, visible aliases, and the catalog behind wildcards. Sorted by name. */
  async offered(): Promise<readonly OfferedModel[]> {
    const offered = new Map<string, Deployment>();
    if (this.catalogOnly !== undefined) await this.addCatalog(offered, this.catalogOnly, '', '');
    for (const [group, deployments] of this.groups) {
      const first = deployments[0];
      if (first === undefined) continue;
      if (!group.includes('*')) offered.set(group, first);
      else if (first.provider === 'codex') await this.addCatalog(offered, first, ...splitPattern(group));
    }
    for (const [alias, { hidden }] of this.settings.modelAliases) {
      const target = hidden ? undefined : await this.targetOf(alias);
      if (target !== undefined) offered.set(alias, target);
    }
    return [...offered].map(([name, deployment]) => ({ name, deployment })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The deployment that answers for an account-wide question, such as the native catalog: the first Codex one. */
  codexDeployment(): Deployment | undefined {
    return this.catalogOnly ?? this.settings.deployments.find(({ provider }) => provider === 'codex');
  }

  private async fromCatalog(requestedModel: string, template: Deployment): Promise<Route> {
    const wanted = this.settings.modelAliases.get(requestedModel)?.model ?? requestedModel;
    const resolved = await this.catalog.resolve(wanted, template);
    if (resolved.entry === undefined) throw modelNotFound(requestedModel);
    const deployments = [concrete(template, wanted)];
    return { requestedModel, modelGroup: wanted, label: resolved.entry.slug, deployments };
  }

  private async addCatalog(
    offered: Map<string, Deployment>,
    template: Deployment,
    ...[prefix, suffix]: [string, string]
  ): Promise<void> {
    for (const entry of await this.catalog.entriesFor(template)) {
      if (entry.visible) offered.set(`${prefix}${entry.slug}${suffix}`, concrete(template, entry.slug));
    }
  }
}

function catalogDeployment(settings: Settings): Deployment {
  return {
    id: 'default',
    modelGroup: '*',
    provider: 'codex',
    upstreamModel: '*',
    credential: settings.defaultCredential,
    apiBase: settings.codex.baseUrl,
    defaults: {},
    modelInfo: {},
  };
}

function concrete(deployment: Deployment, tail: string): Deployment {
  return deployment.upstreamModel.includes('*')
    ? { ...deployment, upstreamModel: deployment.upstreamModel.replace('*', () => tail) }
    : deployment;
}

/** Longest literal part first, so that the most specific pattern wins. */
function wildcardsOf(groups: readonly string[]): { prefix: string; suffix: string; group: string }[] {
  return groups
    .filter((group) => group.includes('*'))
    .map((group) => ({ prefix: splitPattern(group)[0], suffix: splitPattern(group)[1], group }))
    .sort((a, b) => b.group.length - a.group.length);
}

function splitPattern(pattern: string): [prefix: string, suffix: string] {
  const star = pattern.indexOf('*');
  return [pattern.slice(0, star), pattern.slice(star + 1)];
}

function fits(name: string, prefix: string, suffix: string): boolean {
  return name.length > prefix.length + suffix.length && name.startsWith(prefix) && name.endsWith(suffix);
}
