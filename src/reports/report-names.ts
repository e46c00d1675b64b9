/** What people call a key and whose it is. */
export interface KeyName {
  readonly alias?: string;
  readonly teamId?: string;
  readonly userId?: string;
  readonly userEmail?: string;
}

/**
 * Port: names for what reports know by hash and id only. Names help reading and are no truth of their own: what is not
 * known is left out.
 */
export abstract class ReportNames {
  /** By key hash. */
  abstract keys(hashes: readonly string[]): Promise<ReadonlyMap<string, KeyName>>;
  /** Aliases by team id. */
  abstract teams(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
