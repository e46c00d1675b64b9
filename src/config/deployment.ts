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
}
