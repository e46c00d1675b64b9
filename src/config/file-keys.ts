import { type z } from 'zod';
import { type Fault } from './config-fault';
import { envSchema } from './env.schema';
import { type GatewayFile } from './gateway-file';
import { deploymentParamsSchema, deploymentSchema, gatewayFileSchema } from './gateway-file.schema';
import { type Verdict } from './file-values';
import { ignoredBecause, isUnknown } from './ignored-keys';
import { isPriceKey } from '../protocol/pricing/own-price';
import { roleOfParam } from './litellm-params';
import { type FileKey } from './yaml-source';

/** What becomes of one key of the file, and why, in words for the operator. */
export interface KeyVerdict {
  readonly verdict: Verdict;
  readonly why: string;
}

/** Faults of deployments that cannot be served, by their position in `model_list`. */
export type UnusableEntries = ReadonlyMap<number, readonly Fault[]>;

type Shape = Readonly<Record<string, z.core.$ZodType>>;

const sectionShapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['general_settings', gatewayFileSchema.shape.general_settings.unwrap().unwrap().shape],
  ['litellm_settings', gatewayFileSchema.shape.litellm_settings.unwrap().unwrap().shape],
  ['router_settings', gatewayFileSchema.shape.router_settings.unwrap().unwrap().shape],
]);

const routerShape = gatewayFileSchema.shape.router_settings.unwrap().unwrap().shape;
/** Maps of `router_settings` all of whose keys are known; others hold names of the operator's own. */
const innerShapes: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['routing_strategy_args', routerShape.routing_strategy_args.unwrap().unwrap().shape],
  ['retry_budget', routerShape.retry_budget.unwrap().unwrap().shape],
]);

/** Judges a key by the schema, which is the one list of what the gateway acts on. */
export function verdictOf({ path }: FileKey, unusable: UnusableEntries): KeyVerdict {
  const [top, second, ...rest] = path;
  if (typeof second === 'number') return itemVerdict(String(top), second, { steps: rest.map(String), unusable });
  if (top === 'environment_variables') return environmentVerdict(second);
  const shape = sectionShapes.get(String(top));
  if (shape === undefined || second === undefined) return byShape(gatewayFileSchema.shape, String(top));
  return sectionVerdict(shape, [String(top), second, ...rest.map(String)]);
}

function sectionVerdict(shape: Shape, [section = '', key = '', inner]: readonly string[]): KeyVerdict {
  if (section === 'router_settings' && inner !== undefined) {
    const innerShape = innerShapes.get(key);
    if (innerShape !== undefined && !Object.hasOwn(innerShape, inner)) return ignored(ignoredBecause(inner));
    if (key === 'default_litellm_params') return paramVerdict(inner);
  }
  const home = Object.hasOwn(shape, key) ? undefined : homeOf(key);
  return home === undefined ? byShape(shape, key) : ignored(`it belongs in ${home}`);
}

/** The first section that acts on a key: it is easily written into the wrong one. */
function homeOf(name: string): string | undefined {
  return [...sectionShapes].find(([, shape]) => Object.hasOwn(shape, name))?.[0];
}

function itemVerdict(
  list: string,
  index: number,
  { steps, unusable }: { readonly steps: readonly string[]; readonly unusable: UnusableEntries },
): KeyVerdict {
  if (list === 'credential_list') return credentialVerdict(steps);
  if (list !== 'model_list') return byShape(gatewayFileSchema.shape, list);
  const faults = unusable.get(index);
  const own = deploymentVerdict(steps);
  // A slip of the pen is often the very reason why the deployment cannot be used.
  return faults === undefined || isUnknown(own.why) ? own : ignored(`not usable: ${faults[0]?.message ?? ''}`);
}

/** One line for each kind of ignored key, with all lines where it stands; nested keys speak through their parent. */
export function fileKeyWarnings(file: GatewayFile, unusable: UnusableEntries): readonly string[] {
  const groups = new Map<string, { readonly lines: number[]; readonly text: string }>();
  const silent: string[] = [];
  for (const key of file.keys) {
    const { verdict, why } = verdictOf(key, unusable);
    const inLeftOut = key.path[0] === 'model_list' && unusable.has(Number(key.path[1]));
    const spokenFor = silent.some((parent) => key.name.startsWith(`${parent}.`) || key.name.startsWith(`${parent}[`));
    if (verdict !== 'ignored' || (inLeftOut && !isUnknown(why)) || spokenFor) continue;
    silent.push(key.name);
    const text = `${key.pattern}: ignored, ${why}`;
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { lines: [key.line], text });
    else group.lines.push(key.line);
  }
  return [...groups.values()].map(({ lines, text }) => `${file.name}:${shortList(lines)} ${text}`);
}

function shortList(lines: readonly number[]): string {
  return lines.length <= 5 ? lines.join(',') : `${lines.slice(0, 5).join(',')} and ${lines.length - 5} more`;
}

function deploymentVerdict([key = '', inner]: readonly string[]): KeyVerdict {
  if (key === 'litellm_params' && inner !== undefined) return paramVerdict(inner);
  if (key === 'model_info' && inner !== undefined) return infoVerdict(inner);
  return byShape(deploymentSchema.shape, key);
}

/** Keys of `model_info` that do more than be shown. */
const infoKeys: ReadonlyMap<string, string> = new Map([
  ['id', 'id of the deployment'],
  ['base_model', 'names the model whose list price counts'],
  ['team_id', 'team or teams that the deployment is kept for'],
  ['team_public_model_name', 'name under which those teams ask for it'],
  ['access_groups', 'names that stand for this model group in the models of keys and teams'],
  ['blocked', 'true: the deployment is paused'],
  ['max_input_tokens', 'longest input for enable_pre_call_checks; shown by /model/info'],
]);

function infoVerdict(name: string): KeyVerdict {
  if (isPriceKey(name)) return honoured('price of this deployment');
  const why = ignoredBecause(name);
  return isUnknown(why) ? honoured(infoKeys.get(name) ?? 'shown by /model/info') : ignored(why);
}

function paramVerdict(name: string): KeyVerdict {
  const role = roleOfParam(name);
  if (role === 'setting') return byShape(deploymentParamsSchema.shape, name);
  if (role === 'default') return { verdict: 'mapped', why: 'default for requests that do not set it' };
  if (role === 'price' && isPriceKey(name)) return honoured('price of this deployment');
  if (role === 'price')
    return { verdict: 'mapped', why: 'shown by /model/info; tokens of this kind are not priced apart' };
  return ignored(ignoredBecause(name));
}

function credentialVerdict([key = '', inner]: readonly string[]): KeyVerdict {
  const entry = gatewayFileSchema.shape.credential_list.unwrap().unwrap().element.shape;
  if (key === 'credential_values' && inner !== undefined) return byShape(entry.credential_values.shape, inner);
  return byShape(entry, key);
}

function environmentVerdict(name: string | number | undefined): KeyVerdict {
  if (name === undefined) return byShape(gatewayFileSchema.shape, 'environment_variables');
  if (name === 'NODE_EXTRA_CA_CERTS') return ignored('Node reads it before any file; set it in the real environment');
  const isOurs = Object.hasOwn(envSchema.shape, String(name));
  return honoured(isOurs ? 'wins over the environment' : 'available to os.environ/');
}

function byShape(shape: Shape, name: string): KeyVerdict {
  const schema = Object.hasOwn(shape, name) ? (shape[name] as z.ZodType) : undefined;
  if (schema === undefined) return ignored(ignoredBecause(name));
  const meta = schema.meta();
  const verdict = meta?.['verdict'] === 'mapped' ? 'mapped' : 'honoured';
  return { verdict, why: meta?.description ?? '' };
}

function honoured(why: string): KeyVerdict {
  return { verdict: 'honoured', why };
}

function ignored(why: string): KeyVerdict {
  return { verdict: 'ignored', why };
}
