import { type JsonObject } from '../protocol/canonical/canonical-request';

/** What we act on of one catalog model; `raw` is the entry as upstream sent it, for the Codex CLI. */
export interface CatalogEntry {
  readonly slug: string;
  readonly displayName: string;
  readonly usesResponsesLite: boolean;
  readonly supportsVerbosity: boolean;
  readonly supportsParallelToolCalls: boolean;
  /** Effort names in the catalog's order, lowest first; empty when the model takes none. */
  readonly efforts: readonly string[];
  readonly defaultEffort: string | undefined;
  /** What `ultra` is sent as. */
  readonly ultraEffort: string;
  readonly serviceTiers: readonly string[];
  /** Tokens of input and output together; what a request may hold. */
  readonly contextWindow: number | undefined;
  /** The model can be shown images. */
  readonly supportsImages: boolean;
  /** Codex client version below which the backend keeps the model to itself. */
  readonly minimalClientVersion: string | undefined;
  readonly visible: boolean;
  readonly priority: number;
  /** Official prompt, when the entry carries one. */
  readonly instructions: string | undefined;
  readonly raw: JsonObject;
}

/** The model that a name means where no catalog tells more: itself, in the ordinary way. */
export function uncataloguedModel(slug: string): ResolvedModel {
  return { slug, entry: undefined, profile: 'ordinary', effort: undefined, remappedFrom: undefined };
}

/** A requested name after aliases, prefixes, effort suffixes and retirement. */
export interface ResolvedModel {
  readonly slug: string;
  /** Undefined when the catalog does not know the slug: sent as it is, ordinary profile. */
  readonly entry: CatalogEntry | undefined;
  readonly profile: 'ordinary' | 'lite';
  /** Effort named by a suffix of the model name. */
  readonly effort: string | undefined;
  /** The retired slug that was asked for; told in `x-codex-gateway-model-remapped`. */
  readonly remappedFrom: string | undefined;
}
