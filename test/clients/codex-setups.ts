import { type JsonObject } from '../simulator/json';

/** Releases of `@openai/codex` that the gateway is held against. */
export type CodexVersion = '0.169.0' | '0.144.6' | '0.120.0';

/** How a release is pointed at the gateway. */
export interface CodexSetup {
  readonly version: CodexVersion;
  readonly title: string;
  readonly configFor: (url: string) => string;
  /** The user's `auth.json`, for the built-in provider, which takes no key from the environment. */
  readonly loginFor?: (key: string) => JsonObject;
  /** How this release compacts under this provider's name. */
  readonly compaction: 'summary prompt' | 'trigger item' | 'compact route';
}

/** The gateway's own file: an alias, and a retired slug that old releases ask for by themselves. */
export const serveFile = `
model_list:
  - model_name: team-default
    litellm_params:
      model: codex-oauth/gpt-5.5
  - model_name: gpt-5.4
    litellm_params:
      model: codex-oauth/gpt-5.4
`;

/** The `config.toml` of the README. */
const readmeConfig = (url: string): string => `
model = "team-default"
model_provider = "gw"

[model_providers.gw]
name = "Codex Gateway"
base_url = "${url}/v1"
model_catalog_url = "${url}/v1/models"
env_key = "GATEWAY_API_KEY"
env_key_instructions = "Ask your gateway admin for a key"
wire_api = "responses"
`;

const nativeConfig = (url: string): string => `
model = "team-default"
model_provider = "gw"

[model_providers.gw]
name = "OpenAI"
base_url = "${url}/backend-api/codex"
env_key = "GATEWAY_API_KEY"
wire_api = "responses"
`;

const builtInConfig = (url: string): string => `
model = "gpt-5.4"
openai_base_url = "${url}/backend-api/codex"
`;

export const codexSetups: readonly CodexSetup[] = [
  {
    version: '0.169.0',
    title: 'the config.toml of the README',
    configFor: readmeConfig,
    compaction: 'summary prompt',
  },
  {
    version: '0.169.0',
    title: 'a provider named OpenAI on /v1',
    configFor: (url) => readmeConfig(url).replace('"Codex Gateway"', '"OpenAI"'),
    compaction: 'trigger item',
  },
  {
    version: '0.144.6',
    title: 'a provider on the native surface',
    configFor: nativeConfig,
    compaction: 'trigger item',
  },
  {
    version: '0.120.0',
    title: 'openai_base_url on the native surface',
    configFor: builtInConfig,
    loginFor: (key) => ({ auth_mode: 'apikey', OPENAI_API_KEY: key, tokens: null, last_refresh: null }),
    compaction: 'compact route',
  },
];

/** What the environment asks for: `all`, or versions separated by commas. */
export function isAskedFor(version: CodexVersion): boolean {
  const asked = (process.env['TEST_CLIENTS'] ?? 'all').split(',').map((word) => word.trim());
  return asked.includes('all') || asked.includes(version);
}
