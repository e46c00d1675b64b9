import { compareVersions } from '../models/client-versions';

/** @returns the higher of a CLI's version and ours; ours when the CLI names none. */
export function newerVersion(theirs: string | undefined, ours: string): string {
  return theirs !== undefined && compareVersions(theirs, ours) > 0 ? theirs : ours;
}
