import { type Fault } from './config-fault';

/** What the command line says; it wins over the environment. */
export interface CommandFlags {
  readonly config?: string;
  readonly port?: number;
  readonly host?: string;
  /** `--debug` and LiteLLM's `--detailed_debug`. */
  readonly debug?: boolean;
}

/** Flags of LiteLLM's own command that manifests carry and that change nothing here; true when a value follows. */
const ignoredFlags: ReadonlyMap<string, boolean> = new Map([
  ['--num_workers', true],
  ['--run_gunicorn', false],
  ['--run_hypercorn', false],
  ['--use_prisma_migrate', false],
  ['--telemetry', true],
]);
const debugFlags: ReadonlySet<string> = new Set(['--debug', '--detailed_debug']);

interface Reading {
  readonly flags: { -readonly [Name in keyof CommandFlags]: CommandFlags[Name] };
  readonly faults: Fault[];
  readonly warnings: string[];
}

/** Reads `--config F`, `--port N`, `--host H`, also as `--config=F`. Anything unknown is a fault. */
export function readFlags(argv: readonly string[]): {
  readonly flags: CommandFlags;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
} {
  const reading: Reading = { flags: {}, faults: [], warnings: [] };
  for (let at = 0; at < argv.length; at += 1) at += readOne(argv[at] ?? '', argv[at + 1], reading);
  return reading;
}

/** @returns how many further words were used up. */
function readOne(word: string, next: string | undefined, reading: Reading): number {
  const [flag = '', inline] = /^(--[a-z_-]+)=(.*)$/s.exec(word)?.slice(1) ?? [word];
  if (debugFlags.has(flag)) {
    reading.flags.debug = true;
    return 0;
  }
  const ignored = ignoredFlags.get(flag);
  if (ignored !== undefined) {
    reading.warnings.push(`${flag}: is a LiteLLM flag that changes nothing here`);
    return ignored && inline === undefined ? 1 : 0;
  }
  return readValued(flag, { value: inline ?? next, words: inline === undefined ? 1 : 0 }, reading);
}

function readValued(
  flag: string,
  { value, words }: { readonly value: string | undefined; readonly words: number },
  reading: Reading,
): number {
  if (!['--config', '-c', '--port', '--host'].includes(flag)) {
    const place = flag.startsWith('--') ? flag.slice(0, 40) : 'command line';
    reading.faults.push({ place, message: 'is not understood; known are --config F, --port N and --host H' });
    return 0;
  }
  if (value === undefined || value === '') reading.faults.push({ place: flag, message: 'needs a value' });
  else setFlag(flag, value, reading);
  return words;
}

function setFlag(flag: string, value: string, { flags, faults }: Reading): void {
  if (flag === '--host') flags.host = value;
  else if (flag !== '--port') flags.config = value;
  else if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) flags.port = Number(value);
  else faults.push({ place: flag, message: 'must be a whole number from 0 to 65535' });
}
