import { Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { type Principal } from '../kernel/principal';
import { type CatalogEntry } from '../models/catalog-entry';
import { isTooOld } from '../models/client-versions';
import { ModelCatalog } from '../models/model-catalog';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { ModelGroups } from '../routing/model-groups';
import { OfferedModels } from './offered-models';

/** One entry of OpenAI's model list. */
export interface OpenAiModel {
  readonly id: string;
  readonly object: 'model';
  /** Unix seconds. OpenAI's field is required by SDKs; the catalog has no dates, so it is LiteLLM's constant. */
  readonly created: number;
  readonly owned_by: string;
}

const createdSeconds = 1_677_610_602;

/** The model lists in the shapes of OpenAI and of the Codex CLI. */
@Injectable()
export class ModelListing {
  constructor(
    private readonly offered: OfferedModels,
    private readonly groups: ModelGroups,
    private readonly catalog: ModelCatalog,
  ) {}

  /** Sorted by name. @param withGroups with the access groups of these models. */
  async openAiList(caller: Principal | undefined, withGroups = false): Promise<readonly OpenAiModel[]> {
    const offered = await this.offered.to(caller);
    const names = offered.map(({ name }) => name);
    const all = withGroups ? [...new Set([...names, ...this.offered.accessGroups(caller, offered)])].sort() : names;
    return all.map((name) => ({ id: name, object: 'model', created: createdSeconds, owned_by: 'openai' }));
  }

  /**
   * What a Codex CLI needs: those of the account's entries that are served here, whole, and for each group or alias of
   * ours a copy of its target's entry under our name.
   *
   * An entry without a prompt would make the CLI work without any, so models of the bundled snapshot and of plain
   * Responses hosts are left out: for them the CLI has a general prompt of its own. An empty list is an answer it lives
   * with; a failure here makes it ask twice, wait for seconds and know no more.
   *
   * @param ownVersion of a CLI whose version goes upstream with its calls: what that is too old for is left out.
   */
  async cliCatalog(caller: Principal | undefined, ownVersion?: string): Promise<readonly JsonObject[]> {
    const entries = new Map<string, JsonObject>();
    for (const name of await this.cliNames(caller)) {
      const deployment = await this.offered.targetFor(caller, name);
      const target = deployment === undefined ? undefined : await this.entryOf(deployment);
      if (target?.instructions === undefined) continue;
      // Under another name the gateway speaks for the CLI, in its own version.
      const isOwnName = name === target.slug && ownVersion !== undefined;
      if (isOwnName && isTooOld(ownVersion, target.minimalClientVersion)) continue;
      entries.set(name, entryUnder(name, target, target.instructions));
    }
    return [...entries.values()];
  }

  /** The account's own models first, in its order, the hidden ones too: a CLI needs them for its own errands. */
  private async cliNames(caller: Principal | undefined): Promise<ReadonlySet<string>> {
    const account = this.groups.codexDeployment();
    const own = account === undefined ? [] : await this.catalog.entriesFor(account);
    const offered = await this.offered.to(caller);
    return new Set([...own.map(({ slug }) => slug), ...offered.map(({ name }) => name)]);
  }

  private async entryOf(deployment: Deployment): Promise<CatalogEntry | undefined> {
    return (await this.catalog.resolve(deployment.upstreamModel, deployment)).entry;
  }
}

function entryUnder(name: string, { slug, raw }: CatalogEntry, instructions: string): JsonObject {
  const own = name === slug ? {} : { slug: name, display_name: name, visibility: 'list' };
  return { ...required(name, instructions), ...raw, ...own };
}

/** The eleven fields that a CLI refuses to live without: one entry that lacks one would spoil the whole catalog. */
function required(name: string, instructions: string): JsonObject {
  return {
    slug: name,
    display_name: name,
    supported_reasoning_levels: [],
    shell_type: 'shell_command',
    visibility: 'list',
    supported_in_api: true,
    priority: 100,
    base_instructions: instructions,
    support_verbosity: false,
    truncation_policy: { mode: 'bytes', limit: 10_000 },
    experimental_supported_tools: [],
  };
}
