import { type AccountCatalog } from './account-catalog';
import { type FoundCatalog } from './catalog-reader';
import { sameEtag } from './etags';

/** After a reading because of an announced ETag, others wait this long. */
const quietForMs = 30_000;
/** ETags of answers that never were the catalog's; beyond it the memory starts anew. */
const rememberedForeign = 16;

/** What one process holds of one account's catalog. Times are on `Clock.monotonicMs`. */
export class CatalogSlot {
  catalog: AccountCatalog | undefined;
  /** ETag that an answer named and that no reading has settled yet. */
  announced: string | undefined;
  private staleAtMs = Number.NEGATIVE_INFINITY;
  private quietUntilMs = Number.NEGATIVE_INFINITY;
  private running: Promise<AccountCatalog> | undefined;
  /** Answers may name the ETag of a differently filtered list: each of those costs one reading, not one per answer. */
  private readonly foreign = new Set<string>();

  isStale(nowMs: number): boolean {
    return nowMs >= this.staleAtMs;
  }

  /**
   * Notes the ETag that an answer named.
   * @returns whether the catalog has to be read because of it.
   */
  announce(etag: string, nowMs: number): boolean {
    const current = this.catalog?.state.etag;
    if (current === undefined || current === etag || this.foreign.has(etag)) return false;
    if (nowMs < this.quietUntilMs || sameEtag(current, etag)) return false;
    this.announced = etag;
    this.quietUntilMs = nowMs + quietForMs;
    return true;
  }

  /** Runs `read` unless one is running; everybody gets the same result. `read` must not fail. */
  reading(read: () => Promise<AccountCatalog>): Promise<AccountCatalog> {
    this.running ??= read().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** @param asked the announcement that the reading knew of. */
  take({ catalog, keepMs, settled }: FoundCatalog, asked: string | undefined, nowMs: number): void {
    const { etag } = catalog.state;
    if (!sameEtag(etag, this.catalog?.state.etag)) this.foreign.clear();
    this.catalog = catalog;
    this.staleAtMs = nowMs + keepMs;
    if (this.announced === undefined) return;
    if (sameEtag(etag, this.announced)) this.announced = undefined;
    // It came while the reading was under way, which may have been too early for it.
    else if (this.announced !== asked) this.staleAtMs = nowMs;
    else if (settled) this.dismiss(this.announced);
  }

  private dismiss(etag: string): void {
    if (this.foreign.size >= rememberedForeign) this.foreign.clear();
    this.foreign.add(etag);
    this.announced = undefined;
  }
}
