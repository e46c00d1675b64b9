/** One mistake of the operator: where it is and what to do about it. Never carries the offending value, which may be a secret. */
export interface Fault {
  /** For people, for example `config.yaml:12 general_settings.master_key`, `environment PORT` or `--port`. */
  readonly place: string;
  /** Half a sentence that continues the place: `must be a whole number from 0 to 65535`. */
  readonly message: string;
}

/** The configuration cannot be used. Holds every mistake found, so that one run shows them all. */
export class ConfigFault extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const noun = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    super([`The configuration has ${noun}:`, ...faults.map((fault) => `  - ${formatFault(fault)}`)].join('\n'));
    this.name = 'ConfigFault';
    this.faults = faults;
  }
}

/** One line: `place: message`. */
export function formatFault({ place, message }: Fault): string {
  return `${place}: ${message}`;
}
