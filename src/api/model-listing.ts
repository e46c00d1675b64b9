import { Injectable } from '@nestjs/common';
import { type Deployment } from '../config/deployment';
import { type CatalogEntry } from '../models/catalog-entry';
import { ModelCatalog } from '../models/model-catalog';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { ModelGroups } from '../routing/model-groups';

/** One entry of OpenAI's model list. */
export interface OpenAiModel {
  readonly id: string;
  readonly object: 'model';
  /** Unix seconds. OpenAI's field is required by SDKs; the catalog has no dates, so it is LiteLLM's constant. */
  readonly created: number;
  readonly owned_by: string;
}

const createdSeconds = 1_677_610_602;

/** The model lists in the shapes of OpenAI, of the Codex CLI and of LiteLLM. */
@Injectable()
export class ModelListing {
  constructor(
    private readonly groups: ModelGroups,
    private readonly catalog: ModelCatalog,
  ) {}

  /** Sorted by name. */
  async openAiList(): Promise<readonly OpenAiModel[]> {
    const offered = await this.groups.offered();
    return offered.map(({ name }) => ({ id: name, object: 'model', created: createdSeconds, owned_by: 'openai' }));
  }

  /**
   * What a Codex CLI needs: those of the account's entries that are served here, whole, and for each group or alias of
   * ours a copy of its target's entry under our name. An entry lacking a required field would spoil the whole catalog, so
   * the required ones are filled.
   */
  async cliCatalog(): Promise<readonly JsonObject[]> {
    const entries = new Map<string, JsonObject>();
    const account = this.groups.codexDeployment();
    if (account !== undefined) {
      for (const { slug, raw } of await this.catalog.entriesFor(account))
        if (await this.groups.serves(slug)) entries.set(slug, complete(raw, slug));
    }
    for (const { name, deployment } of await this.groups.offered()) {
      if (entries.has(name)) continue;
      const target = await this.entryOf(deployment);
      entries.set(name, complete({ ...target?.raw, slug: name, display_name: name, visibility: 'list' }, name));
    }
    return [...entries.values()];
  }

  async modelInfo(): Promise<readonly JsonObject[]> {
    const offered = await this.groups.offered();
    return Promise.all(
      offered.map(async ({ name, deployment }) => ({
        model_name: name,
        litellm_params: { model: `${deployment.provider}/${deployment.upstreamModel}`, api_base: deployment.apiBase },
        model_info: { id: deployment.id, ...facts(await this.entryOf(deployment)), ...deployment.modelInfo },
      })),
    );
  }

  async groupInfo(): Promise<readonly JsonObject[]> {
    const offered = await this.groups.offered();
    return Promise.all(
      offered.map(async ({ name, deployment }) => ({
        model_group: name,
        providers: [deployment.provider],
        ...facts(await this.entryOf(deployment)),
      })),
    );
  }

  private async entryOf(deployment: Deployment): Promise<CatalogEntry | undefined> {
    if (deployment.provider !== 'codex') return undefined;
    return (await this.catalog.resolve(deployment.upstreamModel, deployment)).entry;
  }
}

function facts(entry: CatalogEntry | undefined): JsonObject {
  if (entry === undefined) return {};
  return {
    mode: 'responses',
    max_input_tokens: entry.contextWindow ?? null,
    supports_function_calling: true,
    supports_parallel_function_calling: entry.supportsParallelToolCalls,
    supports_vision: true,
    supports_reasoning: entry.efforts.length > 0,
    supported_reasoning_efforts: entry.efforts,
  };
}

/** The eleven fields that a CLI refuses to live without. */
function complete(raw: JsonObject, name: string): JsonObject {
  return {
    display_name: name,
    supported_reasoning_levels: [],
    shell_type: 'shell_command',
    visibility: 'list',
    supported_in_api: true,
    priority: 100,
    base_instructions: instructionsIn(raw),
    support_verbosity: false,
    truncation_policy: { mode: 'bytes', limit: 10_000 },
    experimental_supported_tools: [],
    ...raw,
    slug: name,
  };
}

/** Newer catalogs keep the prompt in a template; the older field must still be there. */
function instructionsIn(raw: JsonObject): string {
  const messages = raw['model_messages'];
  const template =
    typeof messages === 'object' && messages !== null ? (messages as JsonObject)['instructions_template'] : undefined;
  return typeof template === 'string' ? template : '';
}
