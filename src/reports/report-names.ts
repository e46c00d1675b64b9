import { sees, type Sight } from './sight';

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

/**
 * What of a key's present name somebody may know. A key is called as it is now, while figures of it may be of a time when it
 * was another person's: whose it became, and how it is called there, is not told to that one. Nor is the e-mail of a person to
 * whoever does not act as that person, such as the holder of a key that others made for it.
 */
export function nameFor(sight: Sight, keyHash: string, name: KeyName): KeyName | undefined {
  if (sight.kind === 'all') return name;
  const { userEmail, ...impersonal } = name;
  const { userId } = impersonal;
  if (!sees(sight, { keyHash, userId })) return undefined;
  const isOwn = userEmail !== undefined && userId !== undefined && userId === sight.userId;
  return isOwn ? name : impersonal;
}
