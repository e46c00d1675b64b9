import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment, type DeploymentRouting } from '../config/deployment';
import { type Settings } from '../config/settings';
import { type Principal } from '../kernel/principal';
import { ModelCatalog } from '../models/model-catalog';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { ModelGroups } from '../routing/model-groups';
import { priceFor } from '../protocol/pricing/price-lookup';
import { modelCosts } from './model-costs';
import { modelFacts } from './model-facts';
import { OfferedModels } from './offered-models';

/** What an operator may have written into `model_info` by mistake. */
const secretName = /(^|_)(key|secret|password|(?<!per_)token|credentials?|authorization)$/i;
/** The provider as the configuration spells it. */
const prefixes = { codex: 'codex-oauth', openai: 'openai' } as const;

interface Member {
  readonly name: string;
  readonly deployment: Deployment;
  /** Facts of the catalog under what the operator wrote. */
  readonly info: JsonObject;
}

/** The model lists in LiteLLM's shapes: what stands behind a name, never how one logs in there. */
@Injectable()
export class ModelInfo {
  constructor(
    private readonly offered: OfferedModels,
    private readonly groups: ModelGroups,
    private readonly catalog: ModelCatalog,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'pricing'>,
  ) {}

  /** One row for each deployment of each offered name. @param id only the deployment with this id. */
  async deployments(caller: Principal | undefined, id?: string): Promise<readonly JsonObject[]> {
    const members = (await this.membersByName(caller)).flat();
    return members
      .filter(({ deployment }) => id === undefined || deployment.id === id)
      .map(({ name, deployment, info }) => ({
        model_name: name,
        litellm_params: {
          model: `${prefixes[deployment.provider]}/${deployment.upstreamModel}`,
          api_base: withoutUserinfo(deployment.apiBase),
          ...routingFields(deployment.routing),
        },
        model_info: { ...info, id: deployment.id, db_model: false },
      }));
  }

  /** One row for each offered name: the most that one of its deployments can do. @param name only the one of this name. */
  async modelGroups(caller: Principal | undefined, name?: string): Promise<readonly JsonObject[]> {
    const groups = await this.membersByName(caller, name);
    return groups.map((members) => ({
      model_group: members[0]?.name,
      providers: [...new Set(members.map(({ deployment }) => deployment.provider))],
      tpm: sumOf(members, ({ routing }) => routing?.tpm),
      rpm: sumOf(members, ({ routing }) => routing?.rpm),
      ...members.map(({ info }) => groupFacts(info)).reduce(most, {}),
    }));
  }

  private async membersByName(caller: Principal | undefined, only?: string): Promise<readonly (readonly Member[])[]> {
    const offered = (await this.offered.to(caller)).filter(({ name }) => only === undefined || name === only);
    return Promise.all(
      offered.map(async ({ name }) => {
        const meant = caller?.policy.modelAliases.get(name) ?? name;
        const { deployments } = await this.groups.resolve(meant, caller?.teamId);
        return Promise.all(deployments.map((deployment) => this.member(name, deployment)));
      }),
    );
  }

  private async member(name: string, deployment: Deployment): Promise<Member> {
    const model = await this.catalog.resolve(deployment.upstreamModel, deployment);
    const written = Object.entries(deployment.modelInfo).filter(([field]) => !secretName.test(field));
    const price = priceFor(this.settings.pricing, {
      provider: deployment.provider,
      ownPrice: deployment.price,
      baseModel: deployment.baseModel,
      requestModels: [model.slug, deployment.upstreamModel],
    });
    const facts = { key: model.slug, ...modelFacts(deployment, model), ...modelCosts(price) };
    const info = { ...facts, ...Object.fromEntries(written) };
    return { name, deployment, info };
  }
}

/** How calls are spread, by LiteLLM's names; no logins are among them. */
function routingFields({ rpm, tpm, order, weight, maxParallel, tags }: DeploymentRouting = {}): JsonObject {
  const fields = { rpm, tpm, order, weight, max_parallel_requests: maxParallel, tags };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Null where no deployment says it. */
function sumOf(members: readonly Member[], of: (deployment: Deployment) => number | undefined): number | null {
  const told = members.flatMap(({ deployment }) => of(deployment) ?? []);
  return told.length === 0 ? null : told.reduce((sum, each) => sum + each, 0);
}

/** What of a deployment's facts is told of its group. */
function groupFacts(info: JsonObject): JsonObject {
  const told = /^(supports_|supported_|max_(input|output)_tokens$|(input|output)_cost_per_token$|mode$)/;
  return Object.fromEntries(Object.entries(info).filter(([name]) => told.test(name)));
}

function most(group: JsonObject, member: JsonObject): JsonObject {
  const merged = { ...group };
  for (const [name, value] of Object.entries(member)) merged[name] = larger(merged[name], value);
  return merged;
}

/** Numbers: the larger. Flags: one yes is enough. Lists: all there is. Else the first that is known. */
function larger(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' && typeof right === 'number') return Math.max(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return left || right;
  if (Array.isArray(left) && Array.isArray(right)) return union(left, right);
  return left ?? right;
}

function union(left: readonly unknown[], right: readonly unknown[]): readonly unknown[] {
  return [...new Set([...left, ...right])];
}

/** An address may carry a login of its own. */
function withoutUserinfo(address: string): string {
  if (!URL.canParse(address)) return '';
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}
