import { Inject, Injectable, Optional } from '@nestjs/common';
import { type Deployment, isVisible } from '../config/deployment';
import { type RoutingSettings } from '../config/routing-settings';
import { type Settings } from '../config/settings';
import { SETTINGS } from '../config/config.module';
import { SettingsChanges } from '../config/settings-holder';
import { GatewayError, modelNotFound } from '../kernel/errors';
import { Memo } from '../kernel/memo';
import { ModelCatalog } from '../models/model-catalog';
import { providerPrefixes } from '../models/name-tables';
import { namePattern } from './table/name-pattern';
import { concrete, RoutingTable, type TableSettings } from './table/routing-table';

/** Where a request may go: the deployments that serve the model it asked for, at least one. */
export interface Route {
  /** Name as asked for, echoed to the client. */
  readonly requestedModel: string;
  readonly modelGroup: string;
  /** A name from a closed set (configured or catalogued) for metric labels. */
  readonly label: string;
  readonly deployments: readonly Deployment[];
  /** One deployment was asked for by its id: whether it rests is not looked at. */
  readonly isById?: boolean;
}

/** One line of `GET /v1/models`. */
export interface OfferedModel {
  readonly name: string;
  readonly deployment: Deployment;
}

/** Names whose deployments are remembered when the whole catalog is offered; clients choose them, so there is an end to it. */
const rememberedNames = 1_000;

/**
 * Model groups of the configuration: name → deployments, by `RoutingTable`. Without any configured deployment every model of
 * the default account's catalog is a group of its own.
 */
@Injectable()
export class ModelGroups {
  private current: RoutingTable;
  private rules: RoutingSettings;
  private catalogOnly: Deployment | undefined;
  private readonly ofCatalog = new Memo<string, readonly Deployment[]>(rememberedNames);

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly catalog: ModelCatalog,
    @Optional() changes?: SettingsChanges,
  ) {
    changes?.onChange((now) => {
      this.replace(now);
    });
    this.rules = settings.routing;
    this.current = new RoutingTable(settings);
    this.catalogOnly = settings.deployments.length === 0 ? catalogDeployment(settings) : undefined;
  }

  /** Puts other groups in the place of these, for every call that begins from now on. */
  replace(next: TableSettings): void {
    this.rules = next.routing;
    this.current = new RoutingTable(next);
    this.catalogOnly = next.deployments.length === 0 ? catalogDeployment(this.settings) : undefined;
    this.ofCatalog.clear();
  }

  /** How calls are spread, tried again and passed on, now. */
  get routing(): RoutingSettings {
    return this.rules;
  }

  /** Names and groups, now. */
  get table(): RoutingTable {
    return this.current;
  }

  /** Every deployment there is, now. */
  get deployments(): readonly Deployment[] {
    return this.catalogOnly === undefined ? [...this.current.groups.values()].flat() : [this.catalogOnly];
  }

  /** @param teamId of the caller: deployments of other teams do not exist for it. @throws {GatewayError} 404 `model_not_found`. */
  async resolve(requestedModel: string, teamId?: string): Promise<Route> {
    if (this.catalogOnly !== undefined) return this.fromCatalog(requestedModel, this.catalogOnly);
    const resolved = this.current.resolve(requestedModel, teamId);
    if (resolved === undefined) throw modelNotFound(requestedModel);
    return { requestedModel, ...resolved };
  }

  /** Names that rules about models may mean by a route: none that its client could have thought up. */
  async namesOf({ requestedModel, modelGroup, deployments }: Route): Promise<readonly string[]> {
    const names = new Set([modelGroup]);
    if (this.current.isOwnName(requestedModel)) names.add(requestedModel);
    if (!this.isFree(modelGroup)) return [...names];
    const { prefix, suffix } = modelGroup.includes('*') ? namePattern(modelGroup) : { prefix: '', suffix: '' };
    const written = providerPrefixes.find((each) => requestedModel.startsWith(each)) ?? '';
    for (const deployment of deployments) {
      const { slug, remappedFrom = slug } = await this.catalog.resolve(deployment.upstreamModel, deployment);
      for (const model of [slug, remappedFrom]) names.add(`${prefix}${model}${suffix}`).add(`${written}${model}`);
    }
    return [...names];
  }

  /**
   * All those of `names` that mean the models of a route, in whichever way it was asked for: its group, what is sent upstream,
   * and what leads there too, in this order.
   */
  async meantBy(names: ReadonlySet<string>, route: Route, teamId?: string): Promise<readonly string[]> {
    const { modelGroup, deployments } = route;
    const meant = new Set(names.has(modelGroup) ? [modelGroup] : []);
    const isFree = this.isFree(modelGroup);
    const slugs = await this.slugsOf(deployments);
    for (const slug of slugs) {
      // A group of that name is another one than this.
      if (names.has(slug) && (isFree || !this.current.isOwnName(slug))) meant.add(slug);
    }
    if (!isFree) return [...meant];
    for (const name of names) {
      if (!meant.has(name) && (await this.leadsTo(name, slugs, teamId))) meant.add(name);
    }
    return [...meant];
  }

  /** The first deployment that a name leads to; undefined when it leads nowhere. */
  async targetOf(name: string, teamId?: string): Promise<Deployment | undefined> {
    try {
      return (await this.resolve(name, teamId)).deployments[0];
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'model_not_found') return undefined;
      throw error;
    }
  }

  /**
   * What `GET /v1/models` lists: groups, visible aliases, and the catalog behind wildcards. Sorted by name.
   *
   * @param teamId of the caller: its own deployments are listed too, under the team's name for them.
   */
  async offered(teamId?: string): Promise<readonly OfferedModel[]> {
    const offered = new Map<string, Deployment>();
    if (this.catalogOnly !== undefined) await this.addCatalog(offered, this.catalogOnly, '', '');
    for (const [group, deployments] of this.current.groups) {
      const visible = deployments.filter((each) => isVisible(each, teamId));
      const first = visible.find(({ routing }) => routing?.teamModelName === undefined);
      for (const each of visible) {
        const own = each.routing?.teamIds === undefined ? undefined : each.routing.teamModelName;
        if (own !== undefined) offered.set(own, each);
      }
      if (first !== undefined) await this.addGroup(offered, group, first);
    }
    for (const [alias, { hidden }] of this.current.aliases) {
      const target = hidden ? undefined : await this.targetOf(alias, teamId);
      if (target !== undefined) offered.set(alias, target);
    }
    return [...offered].map(([name, deployment]) => ({ name, deployment })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The deployment that answers for an account-wide question, such as the native catalog: the first Codex one. */
  codexDeployment(): Deployment | undefined {
    return this.catalogOnly ?? this.deployments.find(({ provider }) => provider === 'codex');
  }

  /** Clients choose the name behind a wildcard, and any name of the catalog. */
  private isFree(modelGroup: string): boolean {
    return this.catalogOnly !== undefined || modelGroup.includes('*');
  }

  private async leadsTo(name: string, slugs: ReadonlySet<string>, teamId: string | undefined): Promise<boolean> {
    const { catalogOnly } = this;
    const deployments =
      catalogOnly === undefined
        ? (this.current.resolve(name, teamId)?.deployments ?? [])
        : [concrete(catalogOnly, this.current.aliases.get(name)?.model ?? name)];
    return [...(await this.slugsOf(deployments))].some((slug) => slugs.has(slug));
  }

  private async slugsOf(deployments: readonly Deployment[]): Promise<ReadonlySet<string>> {
    const slugs = new Set<string>();
    for (const each of deployments) slugs.add((await this.catalog.resolve(each.upstreamModel, each)).slug);
    return slugs;
  }

  private async fromCatalog(requestedModel: string, template: Deployment): Promise<Route> {
    const wanted = this.current.aliases.get(requestedModel)?.model ?? requestedModel;
    const resolved = await this.catalog.resolve(wanted, template);
    if (resolved.entry === undefined) throw modelNotFound(requestedModel);
    const deployments = this.catalogued(wanted, template);
    const { slug } = resolved.entry;
    return { requestedModel, modelGroup: slug, label: slug, deployments };
  }

  /** The same object for the same name: what is known of a deployment hangs on it. */
  private catalogued(wanted: string, template: Deployment): readonly Deployment[] {
    const known = this.ofCatalog.get(wanted);
    if (known !== undefined) return known;
    const deployments = [concrete(template, wanted)];
    this.ofCatalog.set(wanted, deployments);
    return deployments;
  }

  private async addGroup(offered: Map<string, Deployment>, group: string, first: Deployment): Promise<void> {
    const { prefix, suffix } = namePattern(group);
    if (!group.includes('*')) offered.set(group, first);
    else if (first.provider === 'codex') await this.addCatalog(offered, first, prefix, suffix);
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
