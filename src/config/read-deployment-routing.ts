import { type DeploymentRouting } from './deployment';
import { type DeploymentEntry } from './gateway-file.schema';
import { readCount } from './file-values';

type Info = Readonly<Record<string, unknown>>;
type Shares = Pick<DeploymentRouting, 'weight' | 'rpm' | 'tpm' | 'maxParallel'>;
/** Members that may be undefined, before those are left out. */
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/** What an entry of `model_list` says of routing: in `litellm_params`, in `model_info`, and `rpm` and `tpm` beside them. */
export function routingOf(entry: DeploymentEntry): { readonly routing?: DeploymentRouting } {
  const { litellm_params: params } = entry;
  const info: Info = entry.model_info ?? {};
  const all: Loose<DeploymentRouting> = {
    ...sharesOf(entry),
    order: params.order ?? undefined,
    numRetries: params.num_retries ?? params.max_retries ?? undefined,
    cooldownMs: params.cooldown_time ?? undefined,
    allowedFails: params.allowed_fails ?? undefined,
    allowedFailsPolicy: params.allowed_fails_policy ?? undefined,
    tags: params.tags ?? undefined,
    tagPatterns: params.tag_regex?.map((source) => new RegExp(source)),
    ...infoOf(info),
    pricePerToken: priceOf(params, info),
  };
  const said = Object.entries(all).filter(([, value]) => value !== undefined);
  return said.length === 0 ? {} : { routing: Object.fromEntries(said) };
}

function sharesOf({ litellm_params: params, rpm, tpm }: DeploymentEntry): Loose<Shares> {
  return {
    weight: params.weight ?? undefined,
    rpm: params.rpm ?? rpm ?? undefined,
    tpm: params.tpm ?? tpm ?? undefined,
    maxParallel: params.max_parallel_requests ?? undefined,
  };
}

function infoOf(info: Info): Loose<DeploymentRouting> {
  const publicName = info['team_public_model_name'];
  return {
    teamIds: textsIn(info['team_id']),
    teamModelName: typeof publicName === 'string' && publicName !== '' ? publicName : undefined,
    accessGroups: textsIn(info['access_groups']),
    isBlocked: info['blocked'] === true ? true : undefined,
    maxInputTokens: readCount(info['max_input_tokens']),
  };
}

/** A model without a price counts as dear, as in LiteLLM. */
function priceOf(params: Info, info: Info): number | undefined {
  const parts = ['input_cost_per_token', 'output_cost_per_token'].map((name) => Number(params[name] ?? info[name]));
  const known = parts.filter((price) => Number.isFinite(price) && price >= 0);
  return known.length === 0 ? undefined : known.reduce((sum, price) => sum + price, 0);
}

function textsIn(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((text): text is string => typeof text === 'string' && text !== '');
  return texts.length === 0 ? undefined : texts;
}
