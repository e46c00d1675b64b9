import { type JsonObject } from '../protocol/canonical/canonical-request';
import { type CatalogEntry } from './catalog-entry';

/** Effort that `ultra` means when the catalog does not say; every model with `ultra` has it (protocol 4.4). */
const usualUltraEffort = 'xhigh';

/** Entries in the catalog's order; what is no model is left out, so that one odd entry does not hide the others. */
export function parseCatalog(models: readonly unknown[]): readonly CatalogEntry[] {
  return models.flatMap((model) => {
    const entry = isObject(model) ? catalogEntry(model) : undefined;
    return entry === undefined ? [] : [entry];
  });
}

/** Reads one entry of any catalog since 0.120; undefined when it has no slug. Missing facts become the cautious choice. */
export function catalogEntry(raw: JsonObject): CatalogEntry | undefined {
  const slug = text(raw['slug']);
  if (slug === undefined) return undefined;
  return {
    slug,
    displayName: text(raw['display_name']) ?? slug,
    usesResponsesLite: raw['use_responses_lite'] === true,
    supportsVerbosity: raw['support_verbosity'] === true,
    supportsParallelToolCalls: raw['supports_parallel_tool_calls'] === true,
    efforts: namesIn(raw['supported_reasoning_levels'], 'effort'),
    defaultEffort: text(raw['default_reasoning_level']),
    ultraEffort: text(raw['multi_agent_reasoning_effort']) ?? usualUltraEffort,
    serviceTiers: serviceTiers(raw),
    contextWindow: number(raw['context_window']),
    supportsImages: namesIn(raw['input_modalities'], 'id').includes('image'),
    minimalClientVersion: text(raw['minimal_client_version']),
    visible: raw['visibility'] === undefined || raw['visibility'] === 'list',
    priority: number(raw['priority']) ?? Number.MAX_SAFE_INTEGER,
    instructions: instructions(raw),
    raw,
  };
}

/** Until 0.120 tiers were named by their speed; `fast` is the tier `priority`. */
function serviceTiers(raw: JsonObject): readonly string[] {
  const tiers = namesIn(raw['service_tiers'], 'id');
  if (tiers.length > 0) return tiers;
  return namesIn(raw['additional_speed_tiers'], 'id').map((tier) => (tier === 'fast' ? 'priority' : tier));
}

/** The whole prompt where the entry has one, else the template with the neutral personality filled in. */
function instructions(raw: JsonObject): string | undefined {
  const whole = text(raw['base_instructions']);
  if (whole !== undefined) return whole;
  const messages = raw['model_messages'];
  if (!isObject(messages)) return undefined;
  const variables = messages['instructions_variables'];
  const personality = isObject(variables) ? (text(variables['personality_default']) ?? '') : '';
  return text(messages['instructions_template'])?.replace(/\{\{\s*personality\s*\}\}/g, () => personality);
}

/** Names of a list that holds either the names or objects with the name under `field`. */
function namesIn(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => text(isObject(item) ? item[field] : item) ?? []);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
