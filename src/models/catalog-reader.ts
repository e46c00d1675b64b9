import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { GatewayError } from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { AccountCatalog } from './account-catalog';
import { readBundledCatalog } from './bundled-catalog';
import { type CatalogEntry } from './catalog-entry';
import { CatalogSource, type FetchedCatalog } from './catalog-source';
import { isTooOld } from './client-versions';
import { sameEtag } from './etags';
import { parseCatalog } from './parse-catalog';
import { type CatalogTarget, SharedCatalogs } from './shared-catalogs';

/** Age at which an account is asked again; until the answer is there the old catalog serves. */
const freshForMs = 5 * 60_000;
/** After a failure the account is left alone this long; also how long the one replica that asks may take. */
const failedForMs = 10_000;
/** One replica asks because of one announced ETag, the others look for what it found. */
const announcementForMs = 30_000;
/** While another replica asks. */
const lookAgainMs = 2_000;

const emptyCatalog = 'is empty (the account has no Codex models, or CODEX_CLIENT_VERSION is too old for them)';

/** What is asked for. */
export interface CatalogWish {
  readonly target: CatalogTarget;
  /** The last one that was read. */
  readonly last: AccountCatalog | undefined;
  /** ETag that an answer of the account named, when it is another than that of `last`. */
  readonly announced: string | undefined;
}

/** What was found. */
export interface FoundCatalog {
  readonly catalog: AccountCatalog;
  /** Milliseconds until it should be looked at again. */
  readonly keepMs: number;
  /** False while another replica is still finding out. */
  readonly settled: boolean;
}

/** Finds the catalog of an account: what a replica read a moment ago, the account's own answer, or what stands in for it. */
@Injectable()
export class CatalogReader {
  private readonly bundled = readBundledCatalog();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly source: CatalogSource,
    private readonly shared: SharedCatalogs,
    private readonly clock: Clock,
  ) {}

  /** Never fails: without any answer the last catalog stays, without a last one the bundled snapshot serves. */
  async read(wish: CatalogWish): Promise<FoundCatalog> {
    const { target, announced } = wish;
    const record = await this.shared.read(target);
    const ageMs = record === undefined ? Number.POSITIVE_INFINITY : Math.abs(this.clock.nowMs() - record.readAtMs);
    const known = record === undefined ? ownCatalog(wish.last) : this.ownOf(record);
    if (known !== undefined && ageMs < freshForMs && (announced === undefined || sameEtag(known.state.etag, announced)))
      return { catalog: known, keepMs: freshForMs - ageMs, settled: true };
    const claimed = await this.shared.claim(target, announced ?? '', announced ? announcementForMs : failedForMs);
    if (!claimed && known !== undefined) return { catalog: known, keepMs: lookAgainMs, settled: false };
    return { ...(await this.ask(target, known)), settled: true };
  }

  private async ask(
    target: CatalogTarget,
    known: AccountCatalog | undefined,
  ): Promise<Pick<FoundCatalog, 'catalog' | 'keepMs'>> {
    try {
      const answer = await this.source.fetch(target, known?.state.etag);
      const next = answer === undefined ? known?.warned(this.hiddenFrom(known.state.entries)) : this.ownOf(answer);
      if (next === undefined) return this.without(known, emptyCatalog);
      const { entries, etag } = next.state;
      const models = entries.map(({ raw }) => raw);
      await this.shared.keep(target, {
        readAtMs: this.clock.nowMs(),
        models,
        ...(etag === undefined ? {} : { etag }),
      });
      return { catalog: next, keepMs: freshForMs };
    } catch (error) {
      return this.without(known, `could not be asked (${reasonOf(error)})`);
    }
  }

  /** Undefined when there is no model in it. */
  private ownOf({
    models,
    etag,
  }: Pick<FetchedCatalog, 'models'> & { readonly etag?: string | undefined }): AccountCatalog | undefined {
    const entries = parseCatalog(models);
    if (entries.length === 0) return undefined;
    const warning = this.hiddenFrom(entries);
    return new AccountCatalog({ entries, etag, origin: 'account', warning }, this.settings.codex.retiredModelFallback);
  }

  private without(known: AccountCatalog | undefined, why: string): Pick<FoundCatalog, 'catalog' | 'keepMs'> {
    const catalog =
      known?.warned(`The account's model catalog ${why}; the last one that was read stays in use.`) ??
      this.snapshot(
        `The account's model catalog ${why}; the list of ${this.bundled.date} that came with the gateway stands in.`,
      );
    return { catalog, keepMs: failedForMs };
  }

  /** The bundled list as the account would show it to our client version. */
  private snapshot(warning: string): AccountCatalog {
    const { clientVersion, retiredModelFallback } = this.settings.codex;
    const entries = this.bundled.entries.filter((entry) => !isTooOld(clientVersion, entry.minimalClientVersion));
    return new AccountCatalog({ entries, etag: undefined, origin: 'snapshot', warning }, retiredModelFallback);
  }

  /** A sentence when our client version is what keeps models from the account. */
  private hiddenFrom(entries: readonly CatalogEntry[]): string | undefined {
    const { clientVersion } = this.settings.codex;
    const listed = new Set(entries.map(({ slug }) => slug));
    const hidden = this.bundled.entries.filter(
      ({ slug, minimalClientVersion, visible }) =>
        visible && !listed.has(slug) && isTooOld(clientVersion, minimalClientVersion),
    );
    if (hidden.length === 0) return undefined;
    const names = hidden.map(({ slug }) => slug).join(', ');
    return `CODEX_CLIENT_VERSION ${clientVersion} is too old for ${names}: the account does not list them.`;
  }
}

function ownCatalog(last: AccountCatalog | undefined): AccountCatalog | undefined {
  return last?.state.origin === 'account' ? last : undefined;
}

/** Failures of ours have messages that may be shown; of anything else only the name of its kind is told. */
function reasonOf(error: unknown): string {
  if (error instanceof UpstreamFailure || error instanceof GatewayError) return error.message;
  return error instanceof Error ? error.name : 'unknown error';
}
