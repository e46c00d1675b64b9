import { type CountsByError } from './routing-values';
import { type OwnPrice } from '../protocol/pricing/own-price';

/** Where a deployment's credential comes from. `default` is the login of the environment. */
export type CredentialSource =
  | { readonly kind: 'auth_file'; readonly path: string }
  /** A login that the gateway keeps in its state under a name (`loginNamePattern`), without a file. */
  | { readonly kind: 'stored_login'; readonly name: string }
  | { readonly kind: 'access_token'; readonly token: string }
  | { readonly kind: 'api_key'; readonly key: string };

/** A credential with a name that may be shown (never the secret): `default`, a `credential_list` name, or a short digest. */
export interface Credential {
  readonly name: string;
  readonly source: CredentialSource;
}

/** How a deployment takes part in routing. What is undefined is left to the settings of the router. */
export interface DeploymentRouting {
  /** Shares under `simple-shuffle`: the first of the three that any deployment of the group has counts. */
  readonly weight?: number;
  /** Requests and tokens in a minute; limits only where the settings enforce them. */
  readonly rpm?: number;
  readonly tpm?: number;
  /** Lower goes first; undefined is the lowest. */
  readonly order?: number;
  /** Most calls at once. */
  readonly maxParallel?: number;
  /** Tries after the first one. */
  readonly numRetries?: number;
  /** How long it is left alone when it fails, milliseconds; 0: never. */
  readonly cooldownMs?: number;
  /** Over those of the router. */
  readonly allowedFails?: number;
  readonly allowedFailsPolicy?: CountsByError;
  readonly tags?: readonly string[];
  readonly tagPatterns?: readonly RegExp[];
  /** Teams it is kept for; undefined: for everybody. */
  readonly teamIds?: readonly string[];
  /** Name under which those teams ask for it, beside the group's. */
  readonly teamModelName?: string;
  readonly accessGroups?: readonly string[];
  /** Paused by the operator: never chosen. */
  readonly isBlocked?: boolean;
  /** Longest input in tokens, over what the catalog says. */
  readonly maxInputTokens?: number;
  /** Dollars per token of input and output together, for `cost-based-routing`. */
  readonly pricePerToken?: number;
}

/** One way to serve a model group: an upstream model on one account. */
export interface Deployment {
  /** `model_info.id`, else a stable hash of its parameters; shown in `x-litellm-model-id`. */
  readonly id: string;
  /** `model_name`; may hold one `*`. */
  readonly modelGroup: string;
  readonly provider: 'codex' | 'openai';
  /** Upstream model as written after the provider prefix; may hold one `*` (takes what the group's `*` matched). */
  readonly upstreamModel: string;
  readonly credential: Credential;
  /** Base URL without a trailing slash, for example `https://chatgpt.com/backend-api/codex`. */
  readonly apiBase: string;
  /** Overrides the catalog's profile flag. */
  readonly profile?: 'ordinary' | 'lite';
  readonly codexMode?: boolean;
  /** OpenAI parameters that apply when the request does not carry them (wire spelling of chat or responses). */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
  readonly streamTimeoutMs?: number;
  /** LiteLLM's `mock_response`: a canned answer, no upstream call. */
  readonly mockResponse?: string;
  readonly modelInfo: Readonly<Record<string, unknown>>;
  /** The operator's own price, from `litellm_params` or `model_info`, which wins. */
  readonly price?: OwnPrice;
  /** `model_info.base_model`: whose list price counts. */
  readonly baseModel?: string;
  readonly routing?: DeploymentRouting;
}

/** Deployments of other teams do not exist for a caller. @param teamId of the caller, if it has one. */
export function isVisible({ routing }: Deployment, teamId: string | undefined): boolean {
  const teams = routing?.teamIds;
  return teams === undefined || (teamId !== undefined && teams.includes(teamId));
}
