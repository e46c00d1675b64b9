/**
 * Where a text comes from: the account's catalog; the release host, asked by this process within the time of freshness;
 * the shared cache, fresh; any of both, past its time; or the short default because nothing else was to be had.
 */
export type InstructionSource = 'catalog' | 'release' | 'cache' | 'stale' | 'default';

/** Which text goes out, without the text. */
export interface InstructionReport {
  /** Lower-case hex, of the text after the operator's hooks. */
  readonly sha256: string;
  readonly source: InstructionSource;
  /** Since the source last confirmed the text; 0 for the catalog's and the default. */
  readonly ageMs: number;
}

/** An official text and where it comes from. */
export interface OfficialInstructions {
  /** Never empty. */
  readonly text: string;
  readonly report: InstructionReport;
}

/** Port of PromptsModule: the official text for a model. */
export abstract class Instructions {
  /**
   * The catalog's text, else the prompt file of the model's family at the newest release, else a short default. Waits only
   * for the first copy of a file, and at most `instructionsMs`.
   *
   * @param fromCatalog the prompt of the model's catalog entry, if it has one.
   * @throws {GatewayError} 500 `hook_failed` when a `prompt` hook of the operator fails.
   */
  abstract officialFor(slug: string, fromCatalog: string | undefined): Promise<OfficialInstructions>;
}
