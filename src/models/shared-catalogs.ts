import { createHash } from 'node:crypto';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { z } from 'zod';
import { jsonIn } from '../kernel/json-text';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { SharedCache } from '../state/shared-cache';

/** How long a catalog is kept: long past its freshness, because an old one serves better than none. */
const keptForMs = 7 * 24 * 3_600_000;

const recordSchema = z.object({
  readAtMs: z.number(),
  etag: z.string().optional(),
  models: z.array(z.record(z.string(), z.unknown())).min(1),
});

/** A catalog as the account sent it, and when (`Clock.nowMs`) it was last confirmed. */
export type CatalogRecord = z.infer<typeof recordSchema>;

/** What names an account's catalog. */
export type CatalogTarget = Pick<Deployment, 'apiBase' | 'credential'>;

/** The catalogs that all replicas know. Without a shared cache it knows none and everybody may ask. */
@Injectable()
export class SharedCatalogs {
  private readonly cache: SharedCache | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Optional() cache?: SharedCache,
  ) {
    this.cache = cache;
  }

  /** The kept record; undefined when there is none or it cannot be read. */
  async read(target: CatalogTarget): Promise<CatalogRecord | undefined> {
    const text = await orNothing(this.cache?.get(this.keyOf(target)));
    if (text === undefined) return undefined;
    const record = recordSchema.safeParse(jsonIn(text));
    return record.success ? record.data : undefined;
  }

  async keep(target: CatalogTarget, record: CatalogRecord): Promise<void> {
    await orNothing(this.cache?.set(this.keyOf(target), JSON.stringify(record), keptForMs));
  }

  /**
   * True for one replica until `ttlMs` have passed: that one asks the account.
   *
   * @param reason tells claims apart that must not stand in each other's way.
   */
  async claim(target: CatalogTarget, reason: string, ttlMs: number): Promise<boolean> {
    const claimed = await orNothing(this.cache?.claim(`${this.keyOf(target)}:${digestOf(reason)}`, ttlMs));
    return claimed ?? true;
  }

  /** The version is part of it because the backend filters by it, and replicas of two releases run side by side. */
  private keyOf({ apiBase, credential }: CatalogTarget): string {
    return `models:v1:${digestOf([credential.name, apiBase, this.settings.codex.clientVersion].join('\n'))}`;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** A cache that fails must not keep a catalog from being read. */
async function orNothing<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}
