import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type CatalogEntry } from './catalog-entry';
import { parseCatalog } from './parse-catalog';

const snapshotSchema = z.object({
  clientVersion: z.string(),
  date: z.string(),
  models: z.array(z.record(z.string(), z.unknown())).min(1),
});

/** The catalog as it stood on `date`: facts only, no prompts. Used while an account's own catalog cannot be had. */
export interface CatalogSnapshot {
  readonly clientVersion: string;
  readonly date: string;
  readonly entries: readonly CatalogEntry[];
}

/** Reads the file that is shipped beside this module; once, at start. */
export function readBundledCatalog(): CatalogSnapshot {
  const file = snapshotSchema.parse(JSON.parse(readFileSync(join(__dirname, 'bundled-catalog.json'), 'utf8')));
  return { clientVersion: file.clientVersion, date: file.date, entries: parseCatalog(file.models) };
}
