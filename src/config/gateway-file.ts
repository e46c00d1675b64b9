import { type z } from 'zod';
import { isJsonObject } from '../protocol/json-guards';
import { type Fault } from './config-fault';
import { type EnvSource } from './env.schema';
import { resolveReferences } from './environment-references';
import { gatewayFileSchema, type GatewayFileContent } from './gateway-file.schema';
import { fileVariableOf } from './secret-files';
import { type FileKey, type KeyPath, mapExpected, readYaml } from './yaml-source';

/** A `config.yaml` that was read: its content, or what keeps it from being used. */
export interface GatewayFile {
  /** As the operator wrote it; begins every place. */
  readonly name: string;
  /** With faults: what is left without the keys at fault, so that later checks can find more. Undefined when nothing can be. */
  readonly content: GatewayFileContent | undefined;
  readonly keys: readonly FileKey[];
  readonly faults: readonly Fault[];
  /** References to variables that are not set. */
  readonly warnings: readonly string[];
  /** The environment of the process with `environment_variables` of the file laid over it. */
  readonly environment: EnvSource;
  readonly placeOf: (path: KeyPath) => string;
}

/**
 * Reads LiteLLM's `config.yaml`. Never throws: a file with mistakes has `faults`, all that can be judged: those of its shape come alone.
 *
 * @param environment where `os.environ/NAME` looks, after `environment_variables` of the file itself.
 */
export function readGatewayFile(text: string, name: string, environment: EnvSource): GatewayFile {
  const source = readYaml(text, name);
  const written = source.value ?? {};
  const shapeFaults = [...source.faults, ...misshapen(written, source.placeOf)];
  if (shapeFaults.length > 0) {
    return {
      name,
      content: undefined,
      keys: source.keys,
      faults: shapeFaults,
      warnings: [],
      environment,
      placeOf: source.placeOf,
    };
  }
  const whole = { ...environment, ...exported(written, environment) };
  const { value, missing } = resolveReferences(written, whole);
  const parsed = gatewayFileSchema.safeParse(value);
  return {
    name,
    content: parsed.success ? parsed.data : soundPart(value, parsed.error),
    keys: source.keys,
    faults: parsed.success ? [] : faultsOf(parsed.error, source.placeOf),
    warnings: missing.map(
      ({ path, variable, why }) => `${source.placeOf(path)}: ${variable} ${why}; ${emptyMeans(path, whole)}`,
    ),
    environment: whole,
    placeOf: source.placeOf,
  };
}

function emptyMeans([section, key]: KeyPath, environment: EnvSource): string {
  const isMasterKey = section === 'general_settings' && key === 'master_key';
  const names = ['LITELLM_MASTER_KEY', 'GATEWAY_MASTER_KEY'].flatMap((one) => [one, fileVariableOf(one)]);
  const hasOther = names.some((one) => environment[one] !== undefined);
  return isMasterKey && !hasOther
    ? 'without a master key a start makes one, keeps it in STATE_DIR, and listens on 127.0.0.1 only unless a host is named'
    : 'the value counts as empty';
}

/** Without the logins every deployment would look unusable, so a broken `credential_list` ends the search. */
function soundPart(value: unknown, error: z.ZodError): GatewayFileContent | undefined {
  const steps = error.issues.map(({ path }) => [String(path[0]), String(path[1])] as const);
  if (!isJsonObject(value) || steps.some(([top]) => top === 'credential_list')) return undefined;
  const sound = Object.entries(value).flatMap(([top, section]): (readonly [string, unknown])[] => {
    const bad = new Set(steps.filter(([name]) => name === top).map(([, key]) => key));
    if (bad.size === 0) return [[top, section]];
    const isSection = isJsonObject(section) && top.endsWith('_settings');
    return isSection ? [[top, Object.fromEntries(Object.entries(section).filter(([key]) => !bad.has(key)))]] : [];
  });
  return gatewayFileSchema.safeParse(Object.fromEntries(sound)).data;
}

/** Turns schema issues into faults at their lines. The texts are our own or name types only, never values. */
export function faultsOf(error: z.ZodError, placeOf: (path: KeyPath) => string, at: KeyPath = []): readonly Fault[] {
  return error.issues.map(({ path, message }) => {
    const steps = path.filter((step) => typeof step !== 'symbol');
    return { place: placeOf([...at, ...steps]), message: readable(message) };
  });
}

function readable(message: string): string {
  if (message.endsWith('received undefined')) return 'is missing';
  return message.replace(/^Invalid input: expected (\w+), received (\w+)$/, 'must be of type $1, not $2');
}

const sections = ['general_settings', 'litellm_settings', 'router_settings', 'environment_variables'] as const;

/** Finds texts where maps belong: the mark of `key=value`, which YAML reads as one text. */
function misshapen(value: unknown, placeOf: (path: KeyPath) => string): readonly Fault[] {
  if (!isJsonObject(value)) return [{ place: placeOf([]), message: mapExpected(value) }];
  const places: (readonly [KeyPath, unknown])[] = sections.map((name) => [[name], value[name]]);
  const aliases = isJsonObject(value['router_settings']) ? value['router_settings']['model_group_alias'] : undefined;
  places.push([['router_settings', 'model_group_alias'], aliases]);
  places.push(...itemMaps(value, 'model_list', ['litellm_params', 'model_info']));
  places.push(...itemMaps(value, 'credential_list', ['credential_values']));
  return places
    .filter(([, found]) => found !== undefined && found !== null && !isJsonObject(found))
    .map(([path, found]) => ({ place: placeOf(path), message: mapExpected(found) }));
}

function itemMaps(
  file: Readonly<Record<string, unknown>>,
  list: string,
  inner: readonly string[],
): (readonly [KeyPath, unknown])[] {
  const items: unknown = file[list];
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown, index) => {
    const own: readonly [KeyPath, unknown] = [[list, index], item];
    return isJsonObject(item) ? [own, ...inner.map((name) => [[list, index, name], item[name]] as const)] : [own];
  });
}

/** `environment_variables`, which may itself refer to the environment. Texts as a shell would hold them. */
function exported(file: unknown, environment: EnvSource): EnvSource {
  const section = isJsonObject(file) ? file['environment_variables'] : undefined;
  const { value } = resolveReferences(section ?? {}, environment);
  if (!isJsonObject(value)) return {};
  const texts = Object.entries(value).flatMap(([name, item]) =>
    ['string', 'number', 'boolean'].includes(typeof item) ? [[name, String(item)] as const] : [],
  );
  return Object.fromEntries(texts);
}
