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
  return [
    ...twiceWarnings(file),
    ...fallbackWarnings(settings, file),
    ...aliasWarnings(settings, file),
    ...settings.deployments.flatMap(hostWarning),
  ];
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
    .map(
      (key) =>
        `${file.placeOf(['litellm_settings', key])}: has no effect, because router_settings.${key} is there too and counts alone`,
    );
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function fallbackWarnings({ deployments, modelAliases, routing }: Routed, file: GatewayFile): readonly string[] {
  const names = deployments.flatMap(({ id, modelGroup }) => [id, modelGroup]);
  const isKnown = fitting(new Set([...names, ...modelAliases.keys()]));
  return [...targetsOf(routing)].flatMap(([key, targets]) => {
    const lost = [...targets].filter((name) => !isKnown(name));
    if (lost.length === 0) return [];
    return [
      `${file.placeOf(['router_settings', key])}: ${lost.join(', ')}: no model group, alias or id of a deployment has this name; it is passed over`,
    ];
  });
}

/** An alias is followed once, so neither another alias nor an id is a place to lead to. */
function aliasWarnings({ deployments, modelAliases }: Routed, file: GatewayFile): readonly string[] {
  const groups = deployments.flatMap(({ modelGroup, routing }) => [modelGroup, routing?.teamModelName ?? modelGroup]);
  const isGroup = fitting(new Set(groups));
  const models = new Set(deployments.map(({ upstreamModel }) => upstreamModel));
  // A model may be named as litellm_params do it: codex/gpt-5.5.
  const isKnown = (name: string): boolean => isGroup(name) || models.has(name.slice(name.indexOf('/') + 1));
  return [...modelAliases]
    .filter(([, { model }]) => !isKnown(model))
    .map(([alias, { model }]) => {
      const section = isSet(file.content?.router_settings?.model_group_alias?.[alias])
        ? 'router_settings'
        : 'litellm_settings';
      return `${file.placeOf([section, 'model_group_alias', alias])}: ${model}: no model group has this name; calls to the alias will fail`;
    });
}

/** Whether a name is one of these, or fits one with a wildcard. */
function fitting(names: ReadonlySet<string>): (name: string) => boolean {
  const patterns = [...names].filter((name) => name.includes('*')).map((name) => name.split('*'));
  return (name) =>
    names.has(name) || patterns.some(([prefix = '', suffix = '']) => name.startsWith(prefix) && name.endsWith(suffix));
}

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
