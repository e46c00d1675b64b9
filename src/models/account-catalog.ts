import { Memo } from '../kernel/memo';
import { type CatalogEntry, type ResolvedModel } from './catalog-entry';
import { readModelName } from './model-names';

/** Names whose resolution is remembered; beyond it the memory starts anew. */
const rememberedNames = 1_000;
/** Characters of a name that is remembered: clients make up names, and one may be as long as a body. */
const longestRemembered = 256;

/** What is known of an account's catalog and where it comes from. */
export interface CatalogState {
  readonly entries: readonly CatalogEntry[];
  /** Of the account's own catalog, when upstream gave one. */
  readonly etag: string | undefined;
  /** `snapshot`: the account's own could not be had or was empty; the entries of the snapshot carry no prompts. */
  readonly origin: 'account' | 'snapshot';
  /** A sentence for the operator; undefined while all is well. */
  readonly warning: string | undefined;
}

/** One state of one account's catalog, with the answers already worked out from it. Immutable but for that memory. */
export class AccountCatalog {
  private readonly bySlug: ReadonlyMap<string, CatalogEntry>;
  private readonly resolved = new Memo<string, ResolvedModel>(rememberedNames);

  constructor(
    readonly state: CatalogState,
    private readonly retiredModelFallback: string,
  ) {
    this.bySlug = new Map(state.entries.map((entry) => [entry.slug, entry]));
  }

  /** Remembered per name: the hot path is one map look-up. */
  resolve(name: string): ResolvedModel {
    const known = this.resolved.get(name);
    if (known !== undefined) return known;
    const model = this.workOut(name);
    if (name.length <= longestRemembered) this.resolved.set(name, model);
    return model;
  }

  /** The same entries under another warning, or none. */
  warned(warning: string | undefined): AccountCatalog {
    return new AccountCatalog({ ...this.state, warning }, this.retiredModelFallback);
  }

  private workOut(name: string): ResolvedModel {
    const { slug, state, effort } = readModelName(name, (candidate) => this.bySlug.has(candidate));
    const successor = state === 'retired' ? this.successor() : undefined;
    const entry = successor ?? this.bySlug.get(slug);
    return {
      slug: entry?.slug ?? slug,
      entry,
      profile: entry?.usesResponsesLite === true ? 'lite' : 'ordinary',
      effort,
      remappedFrom: successor === undefined ? undefined : slug,
    };
  }

  private successor(): CatalogEntry | undefined {
    const wanted = this.bySlug.get(this.retiredModelFallback);
    if (wanted !== undefined) return wanted;
    const visible = this.state.entries.filter((entry) => entry.visible);
    return visible.reduce<CatalogEntry | undefined>(
      (best, entry) => (best === undefined || entry.priority < best.priority ? entry : best),
      undefined,
    );
  }
}
