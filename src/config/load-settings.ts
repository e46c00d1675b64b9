import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { buildSettings } from './build-settings';
import { readFlags } from './command-flags';
import { ConfigFault, type Fault } from './config-fault';
import { type EnvSource, tryReadEnv } from './env.schema';
import { fileKeyWarnings } from './file-keys';
import { absolutePath } from './file-paths';
import { foreignEnvironmentWarnings } from './foreign-environment';
import { type GatewayFile, readGatewayFile } from './gateway-file';
import { fileValueOf } from './secret-files';
import { type Settings } from './settings';

/** What the process was started with. */
export interface StartConditions {
  readonly env: EnvSource;
  /** Words after the script's name. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** What `~` stands for. */
  readonly homeDir: string;
}

/** Text of the file at an absolute path; undefined when it cannot be read. */
export type ReadText = (path: string) => string | undefined;

interface FoundFile {
  readonly file: GatewayFile | undefined;
  /** Absolute. */
  readonly path: string;
  readonly faults: readonly Fault[];
}

/**
 * Reads flags, `config.yaml` and environment.
 *
 * @returns deeply frozen settings.
 * @throws {ConfigFault} with every mistake found in all three.
 */
export function loadSettings(start: StartConditions, read: ReadText = readText): Settings {
  const { flags, faults: flagFaults, warnings } = readFlags(start.argv);
  const found = findFile(flags.config ?? namedFile(start.env), start, read);
  const variables = found.file?.environment ?? start.env;
  const { environment, faults: envFaults } = tryReadEnv(variables);
  const early = [...flagFaults, ...envFaults, ...found.faults];
  const places = { fileDir: dirname(found.path), cwd: start.cwd, homeDir: start.homeDir };
  const reading = buildSettings({ file: found.file, environment, flags, places });
  const faults = [...early, ...reading.faults];
  if (faults.length > 0) throw new ConfigFault(faults);
  const keyWarnings = found.file === undefined ? [] : fileKeyWarnings(found.file, reading.unusable);
  const configFile = found.file === undefined ? {} : { configFile: found.path };
  return deepFrozen({
    ...reading.settings,
    ...configFile,
    warnings: [...warnings, ...reading.warnings, ...foreignEnvironmentWarnings(variables), ...keyWarnings],
  });
}

/** What `CONFIG_FILE_PATH` names; undefined when it is empty. That `CONFIG_FILE_PATH_FILE` cannot be read is told with the environment. */
export function namedFile(env: EnvSource): string | undefined {
  const { value = '' } = fileValueOf(env, 'CONFIG_FILE_PATH') ?? { value: env['CONFIG_FILE_PATH'] };
  return value.trim() === '' ? undefined : value.trim();
}

function findFile(named: string | undefined, { env, cwd, homeDir }: StartConditions, read: ReadText): FoundFile {
  const isNamed = named !== undefined && named.trim() !== '';
  const name = isNamed ? named.trim() : 'config.yaml';
  const path = absolutePath(name, cwd, homeDir);
  if (!isNamed && !existsSync(path)) return { file: undefined, path, faults: [] };
  const text = read(path);
  if (text === undefined) {
    const message = 'cannot be read; is the path right and the file readable for this user?';
    return { file: undefined, path, faults: [{ place: name, message }] };
  }
  const file = readGatewayFile(text, name, env);
  return { file, path, faults: file.faults };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Freezes objects and arrays; a Map keeps its read-only type as its only lock. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFrozen);
  return Object.freeze(value);
}
