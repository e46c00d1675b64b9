import { type Deployment } from './deployment';
import { type GatewayFile } from './gateway-file';
import { type RoutingSettings } from './routing-settings';
import { type Settings } from './settings';

/** Hosts that speak chat completions only. Others are taken at their word; `check-config --probe` asks them. */
const hostsWithoutResponses: ReadonlySet<string> = new Set([
  'api.anthropic.com',
  'api.cohere.ai',
  'api.cohere.com',
  'api.deepseek.com',
  'api.mistral.ai',
  'generativelanguage.googleapis.com',
]);

type Routed = Pick<Settings, 'deployments' | 'modelAliases' | 'routing'>;

/** What will not work as it was meant: fallbacks that lead nowhere, and hosts that lack the Responses API. */
export function routingWarnings(settings: Routed, file: GatewayFile | undefined): readonly string[] {
  if (file === undefined || settings.deployments.length === 0) return [];
  return [...twiceWarnings(file), ...fallbackWarnings(settings, file), ...settings.deployments.flatMap(hostWarning)];
}

/** Both sections may say these; LiteLLM's router looks at its own first. */
const saidTwice = [
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'default_fallbacks',
  'num_retries',
  'allowed_fails',
  'cooldown_time',
] as const;

function twiceWarnings(file: GatewayFile): readonly string[] {
  const { router_settings: router, litellm_settings: litellm } = file.content ?? {};
  // A key with an empty value says nothing, so the other section counts.
  return saidTwice
    .filter((key) => isSet(router?.[key]) && isSet(litellm?.[key]))
    .map((key) => `${file.placeOf(['litellm_settings', key])}: has no effect, because router_settings.${key} is there too and counts alone`);
} // prettier-ignore

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function fallbackWarnings({ deployments, modelAliases, routing }: Routed, file: GatewayFile): readonly string[] {
  const names = new Set([...deployments.flatMap(({ id, modelGroup }) => [id, modelGroup]), ...modelAliases.keys()]);
  const patterns = [...names].filter((name) => name.includes('*')).map((name) => name.split('*'));
  const isKnown = (name: string): boolean =>
    names.has(name) || patterns.some(([prefix = '', suffix = '']) => name.startsWith(prefix) && name.endsWith(suffix));
  return [...targetsOf(routing)].flatMap(([key, targets]) => {
    const lost = [...targets].filter((name) => !isKnown(name));
    if (lost.length === 0) return [];
    return [`${file.placeOf(['router_settings', key])}: ${lost.join(', ')}: no model group, alias or id of a deployment has this name; it is passed over`];
  });
} // prettier-ignore

function targetsOf({ fallbacks }: RoutingSettings): ReadonlyMap<string, ReadonlySet<string>> {
  const flat = (list: ReadonlyMap<string, readonly string[]> | undefined): ReadonlySet<string> =>
    new Set([...(list?.values() ?? [])].flat());
  return new Map([
    ['fallbacks', flat(fallbacks.general)],
    ['context_window_fallbacks', flat(fallbacks.contextWindow)],
    ['content_policy_fallbacks', flat(fallbacks.contentPolicy)],
    ['default_fallbacks', new Set(fallbacks.byDefault)],
  ]);
}

function hostWarning({ provider, apiBase, modelGroup }: Deployment): readonly string[] {
  const { hostname } = new URL(apiBase);
  if (provider !== 'openai' || !hostsWithoutResponses.has(hostname)) return [];
  return [
    `model_list: ${modelGroup}: ${hostname} speaks chat completions only; openai/ deployments need the Responses API (POST …/responses), so every call to it will fail`,
  ];
}
