import { createHash } from 'node:crypto';
import { type CredentialBook, inlineCredential, type Places } from './credentials';
import { type Credential, type Deployment } from './deployment';
import { absolutePath } from './file-paths';
import { type DeploymentEntry } from './gateway-file.schema';
import { paramsOfRole } from './litellm-params';
import { readOwnPrice } from '../protocol/pricing/own-price';
import { loginNamePattern, loginNameRule } from './login-name';
import { routingOf } from './read-deployment-routing';

/** What a deployment may refer to. */
export interface DeploymentSurroundings {
  readonly credentials: CredentialBook;
  readonly places: Places;
  /** For Codex deployments without `api_base`; no trailing slash. */
  readonly codexBaseUrl: string;
  /** Provider names that mean Codex, from `custom_provider_map`. */
  readonly codexProviders: ReadonlySet<string>;
}

/** A deployment that cannot be served. `key` is the step inside the entry, `reason` half a sentence. */
export class UnusableDeployment extends Error {
  readonly key: readonly string[];

  constructor(key: readonly string[], reason: string) {
    super(reason);
    this.name = 'UnusableDeployment';
    this.key = key;
  }
}

type Params = DeploymentEntry['litellm_params'];
type PricedInfo = Pick<Deployment, 'modelInfo' | 'price' | 'baseModel'>;
type Upstream = Pick<Deployment, 'provider' | 'upstreamModel'>;

const openAiBaseUrl = 'https://api.openai.com/v1';

/** Provider names that mean the Codex backend without further ado. */
export const builtInCodexProviders: readonly string[] = ['codex-oauth', 'codex', 'chatgpt'];

/**
 * Makes a deployment of one entry of `model_list`.
 *
 * @throws {UnusableDeployment} for a provider we do not speak, a login that is not there, or a wildcard that cannot match.
 */
export function readDeployment(entry: DeploymentEntry, around: DeploymentSurroundings): Deployment {
  const params = entry.litellm_params;
  const upstream = upstreamOf(params, around.codexProviders);
  checkWildcards(entry.model_name, upstream.upstreamModel);
  const credential =
    upstream.provider === 'codex' ? codexCredential(params, around) : openAiCredential(params, around.credentials);
  const apiBase = apiBaseOf(params) ?? (upstream.provider === 'codex' ? around.codexBaseUrl : openAiBaseUrl);
  const shape = { modelGroup: entry.model_name, ...upstream, credential, apiBase };
  return {
    id: entry.model_info?.id ?? stableId(shape, params),
    ...shape,
    ...optionsOf(params),
    defaults: paramsOfRole(params, 'default'),
    ...priceOf(entry),
    ...routingOf(entry),
  };
}

/** @throws {UnusableDeployment} for a price that is none: an operator who set one does not want another. */
function priceOf({ litellm_params: params, model_info: info }: DeploymentEntry): PricedInfo {
  const modelInfo = { ...paramsOfRole(params, 'price'), ...info };
  const { price, faults } = readOwnPrice(modelInfo, 'deployment');
  const [fault] = faults;
  if (fault !== undefined) {
    const section = Object.hasOwn(info ?? {}, fault.key) ? 'model_info' : 'litellm_params';
    throw new UnusableDeployment([section, fault.key], fault.message);
  }
  const baseModel: unknown = modelInfo['base_model'];
  return {
    modelInfo,
    ...(price === undefined ? {} : { price }),
    ...(typeof baseModel === 'string' && baseModel !== '' ? { baseModel } : {}),
  };
}

function upstreamOf(params: Params, codexProviders: ReadonlySet<string>): Upstream {
  const { provider, model } = providerAndModel(modelText(params), params.custom_llm_provider ?? undefined);
  const upstreamModel = model.replace(/^responses\//, '');
  if (upstreamModel === '') throw new UnusableDeployment(['litellm_params', 'model'], 'names a provider but no model');
  if (provider === 'openai') return { provider, upstreamModel };
  if (codexProviders.has(provider)) return { provider: 'codex', upstreamModel };
  const spoken = [...codexProviders, 'openai'].map((name) => `${name}/`).join(', ');
  const named = /^[a-z0-9_.-]{1,40}$/.test(provider) ? `"${provider}"` : 'in the model name';
  throw new UnusableDeployment(['litellm_params', 'model'], `the provider ${named} is not one of ${spoken}`);
}

function modelText(params: Params): string {
  const written = params.model?.trim() ?? '';
  if (written === '') throw new UnusableDeployment(['litellm_params', 'model'], 'is missing');
  if (!/\s/.test(written)) return written;
  const reason = 'holds white space; was the next line meant as a key of its own?';
  throw new UnusableDeployment(['litellm_params', 'model'], reason);
}

/** `codex/gpt-5.5` → codex and gpt-5.5. A provider given apart wins and is cut off the name only when it stands there too. */
function providerAndModel(written: string, apart: string | undefined): { provider: string; model: string } {
  const slash = written.indexOf('/');
  const prefix = slash === -1 ? undefined : written.slice(0, slash).toLowerCase();
  const provider = apart?.toLowerCase() ?? prefix ?? 'codex';
  return { provider, model: prefix === provider ? written.slice(slash + 1) : written };
}

function checkWildcards(group: string, upstreamModel: string): void {
  const starsIn = (name: string): number => name.split('*').length - 1;
  if (starsIn(group) > 1) throw new UnusableDeployment(['model_name'], 'may hold one * at most');
  if (starsIn(upstreamModel) > starsIn(group)) {
    throw new UnusableDeployment(['litellm_params', 'model'], 'holds more * than model_name, which has to fill them');
  }
}

function codexCredential(params: Params, { credentials, places }: DeploymentSurroundings): Credential {
  if (params.auth_file) {
    const path = absolutePath(params.auth_file, places.fileDir, places.homeDir);
    return inlineCredential({ kind: 'auth_file', path }, credentials.defaultCredential);
  }
  const named = namedCredential(params, credentials);
  if (named?.source.kind === 'api_key') {
    throw new UnusableDeployment(
      ['litellm_params'],
      'a Codex deployment needs a ChatGPT login, its credential is an API key',
    );
  }
  if (named !== undefined) return named;
  const key = params.api_key?.trim() ?? '';
  if (!key.startsWith('at-')) return credentials.defaultCredential;
  return inlineCredential({ kind: 'access_token', token: key }, credentials.defaultCredential);
}

function openAiCredential(params: Params, credentials: CredentialBook): Credential {
  const named = namedCredential(params, credentials);
  if (named !== undefined && named.source.kind !== 'api_key') {
    throw new UnusableDeployment(
      ['litellm_params'],
      'an openai/ deployment needs an API key, its credential is a ChatGPT login',
    );
  }
  if (named !== undefined) return named;
  const key = params.api_key?.trim() ?? '';
  if (key !== '') return inlineCredential({ kind: 'api_key', key }, credentials.defaultCredential);
  const reason =
    'an openai/ deployment needs api_key (for example os.environ/OPENAI_API_KEY) or litellm_credential_name';
  throw new UnusableDeployment(['litellm_params'], reason);
}

/**
 * `litellm_credential_name: work` and `api_key: oauth:work` say the same when `credential_list` has that name; else the
 * second means the login of that name in the state.
 */
function namedCredential(params: Params, { byName, defaultCredential }: CredentialBook): Credential | undefined {
  const written = params.litellm_credential_name ?? '';
  const viaKey = params.api_key?.startsWith('oauth:') === true ? params.api_key.slice('oauth:'.length).trim() : '';
  const name = written === '' ? viaKey : written;
  if (name === '') return undefined;
  const found = byName.get(name);
  if (found !== undefined) return found;
  if (written !== '') {
    const reason = 'names a credential that credential_list does not have';
    throw new UnusableDeployment(['litellm_params', 'litellm_credential_name'], reason);
  }
  if (loginNamePattern.test(name)) return inlineCredential({ kind: 'stored_login', name }, defaultCredential);
  throw new UnusableDeployment(['litellm_params', 'api_key'], `after "oauth:", must be ${loginNameRule}`);
}

function apiBaseOf(params: Params): string | undefined {
  const step = params.api_base ? 'api_base' : 'base_url';
  const written = params[step];
  if (!written) return undefined;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && (url.protocol === 'http:' || url.protocol === 'https:')) return written.replace(/\/+$/, '');
  const reason = 'must be an http or https URL without user name, query or fragment';
  throw new UnusableDeployment(['litellm_params', step], reason);
}

function optionsOf(params: Params): Partial<Deployment> {
  return {
    ...(params.codex_profile ? { profile: params.codex_profile } : {}),
    ...(typeof params.codex_mode === 'boolean' ? { codexMode: params.codex_mode } : {}),
    ...(params.timeout ? { timeoutMs: params.timeout } : {}),
    ...(params.stream_timeout ? { streamTimeoutMs: params.stream_timeout } : {}),
    ...(typeof params.mock_response === 'string' ? { mockResponse: params.mock_response } : {}),
  };
}

/** The same parameters give the same id on every replica and after every restart; secrets count by their digest name only. */
function stableId(shape: Omit<Deployment, 'id' | 'defaults' | 'modelInfo'>, params: Params): string {
  const open = Object.entries(params).filter(([name]) => !['api_key', 'auth_file'].includes(name));
  const identity = { ...shape, credential: shape.credential.name, params: Object.fromEntries(open) };
  return createHash('sha256')
    .update(JSON.stringify(sorted(identity)))
    .digest('hex')
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
