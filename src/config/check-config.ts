import { dirname } from 'node:path';
import { buildSettings } from './build-settings';
import { type Fault, formatFault } from './config-fault';
import { type EnvSource, tryReadEnv } from './env.schema';
import { fileKeyWarnings, verdictOf } from './file-keys';
import { absolutePath } from './file-paths';
import { foreignEnvironmentWarnings } from './foreign-environment';
import { readGatewayFile } from './gateway-file';
import { type Verdict } from './file-values';

/** A `config.yaml` to be looked at before it is used. */
export interface ConfigToCheck {
  readonly text: string;
  /** As the operator wrote it; begins every place. */
  readonly path: string;
  readonly env: EnvSource;
  readonly cwd: string;
  readonly homeDir: string;
}

/** One key of the file and what becomes of it. */
export interface CheckRow {
  /** For example `model_list[0].litellm_params.model`. */
  readonly key: string;
  /** Counted from 1. */
  readonly line: number;
  readonly verdict: Verdict;
  readonly why: string;
}

/** What `check-config` answers; with `--json` it is printed as it is. A start is safe when `faults` is empty. */
export interface ConfigCheck {
  readonly rows: readonly CheckRow[];
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/**
 * Says of every key whether it is honoured, mapped or ignored. Stricter than a start: a deployment that a start would
 * leave out with a warning is a fault here.
 */
export function checkConfig({ text, path, env, cwd, homeDir }: ConfigToCheck): ConfigCheck {
  const file = readGatewayFile(text, path, env);
  const { environment, faults: envFaults } = tryReadEnv(file.environment);
  const places = { fileDir: dirname(absolutePath(path, cwd, homeDir)), cwd, homeDir };
  const reading = buildSettings({ file, environment, flags: {}, places });
  const unusable = [...reading.unusable.values()].flat();
  const rows = file.keys.map((key) => ({ key: key.name, line: key.line, ...verdictOf(key, reading.unusable) }));
  const spoken = new Set(unusable.map(formatFault));
  return {
    rows,
    faults: [
      ...file.faults,
      ...envFaults,
      ...reading.faults.filter((fault) => !spoken.has(formatFault(fault))),
      ...unusable,
    ],
    warnings: [
      ...reading.warnings.filter((warning) => ![...spoken].some((fault) => warning.startsWith(fault))),
      ...foreignEnvironmentWarnings(file.environment),
      ...fileKeyWarnings(file, reading.unusable),
    ],
  };
}

/** The check as a page for people, without a final line break. */
export function formatCheck({ rows, faults, warnings }: ConfigCheck): string {
  const lineWidth = Math.max(4, ...rows.map(({ line }) => String(line).length));
  const keyWidth = Math.max(3, ...rows.map(({ key }) => key.length));
  const table = rows.map(({ key, line, verdict, why }) =>
    `${String(line).padStart(lineWidth)}  ${verdict.padEnd(8)}  ${key.padEnd(keyWidth)}  ${why}`.trimEnd(),
  );
  const head = `${'line'.padStart(lineWidth)}  ${'verdict'.padEnd(8)}  ${'key'.padEnd(keyWidth)}  why`;
  const verdict =
    faults.length === 0 ? 'No faults: the gateway will start with this file.' : `Faults: ${faults.length}.`;
  return [
    ...(rows.length === 0 ? [] : [head, ...table, '']),
    ...listed('Warnings', warnings),
    ...listed('Faults', faults.map(formatFault)),
    verdict,
  ].join('\n');
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  - ${line}`), ''];
}
