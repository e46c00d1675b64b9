import { GatewayError, shorten } from '../kernel/errors';
import { type ModelRule, type Principal } from '../kernel/principal';

/** What a requested model is. */
export interface ModelFacts {
  /** Further names it goes by: the model group it led to, the catalog's slug. */
  readonly names: readonly string[];
  /** The request may have made its name up: it counts as it stands, and only what it led to fits patterns. */
  readonly isFreeName?: boolean;
  /** `model_info.access_groups` of its deployments. */
  readonly accessGroups: readonly string[];
}

/** Whether all of a holder's rules allow a model. @param model as the request names it. Pure. */
export function mayUse(principal: Principal, model: string, facts: ModelFacts): boolean {
  return refusingRule(principal, model, facts) === undefined;
}

/** Why a holder may not use a model: 403 with LiteLLM's type of whoever forbids it; undefined when it may. */
export function modelRefusal(principal: Principal, model: string, facts: ModelFacts): GatewayError | undefined {
  const rule = refusingRule(principal, model, facts);
  if (rule === undefined) return undefined;
  return new GatewayError({
    status: 403,
    type: `${rule.author}_model_access_denied`,
    code: 'model_not_found',
    param: 'model',
    message: `The requested model '${shorten(model)}' is not open to this ${whose[rule.author]}. GET /v1/models lists what is; the operator of this gateway can add it.`,
    author: 'key',
    shouldRetry: false,
  });
}

const whose: Readonly<Record<ModelRule['author'], string>> = {
  key: 'API key',
  team: "API key's team",
  user: "API key's owner",
};

function refusingRule(principal: Principal, model: string, facts: ModelFacts): ModelRule | undefined {
  const named = facts.isFreeName === true ? facts : { ...facts, names: [model, ...facts.names] };
  return principal.policy.modelRules.find(
    ({ models, opened }) =>
      opened?.includes(model) !== true && !models.some((entry) => entry === model || allows(entry, named)),
  );
}

function allows(entry: string, { names, accessGroups }: ModelFacts): boolean {
  if (entry === 'all-proxy-models' || accessGroups.includes(entry)) return true;
  return names.some((name) => (entry.includes('*') ? fitsPattern(entry, name) : entry === name));
}

/** Whether a name fits a pattern: each `*` stands for any text. Goes from left to right once, so that no pattern is slow. */
export function fitsPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [first = '', last = ''] = [parts[0], parts.at(-1)];
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
