import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { GatewayError } from '../kernel/errors';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { AccountCatalog, type CatalogState } from './account-catalog';
import { readBundledCatalog } from './bundled-catalog';
import { type CatalogEntry, type ResolvedModel } from './catalog-entry';
import { CatalogSource, type FetchedCatalog } from './catalog-source';
import { parseCatalog } from './parse-catalog';

/** Age at which an account is asked again; until the answer is there the old catalog serves. */
const freshForMs = 5 * 60_000;
/** After a failure the account is left alone this long. */
const failedForMs = 10_000;

const emptyCatalog = 'is empty (the account has no Codex models, or CODEX_CLIENT_VERSION is too old for them)';

type Target = Pick<Deployment, 'apiBase' | 'credential'>;

interface Slot {
  catalog: AccountCatalog | undefined;
  /** On `Clock.monotonicMs`; from then on the account is asked again. */
  staleAtMs: number;
  asking: Promise<AccountCatalog> | undefined;
}

interface Fetched {
  readonly catalog: AccountCatalog;
  readonly keepMs: number;
}

/** The models of every account, asked for once and kept; answers at once after the first time. */
@Injectable()
export class ModelCatalog {
  private readonly slots = new Map<string, Slot>();
  private readonly snapshot: AccountCatalog;
  private readonly snapshotDate: string;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly source: CatalogSource,
    private readonly clock: Clock,
  ) {
    const { entries, date } = readBundledCatalog();
    const state = { entries, etag: undefined, origin: 'snapshot', warning: undefined } as const;
    this.snapshot = new AccountCatalog(state, settings.codex.retiredModelFallback);
    this.snapshotDate = date;
  }

  /**
   * A name as written in a deployment or by a client → what goes upstream. Never fails: an unknown name is sent as it is.
   * A deployment's own `profile` wins over the catalog; `openai` deployments have no catalog.
   */
  async resolve(name: string, deployment: Deployment): Promise<ResolvedModel> {
    if (deployment.provider === 'openai') return plain(name);
    const model = (this.cached(deployment) ?? (await this.catalogOf(deployment))).resolve(name);
    const { profile } = deployment;
    return profile === undefined || profile === model.profile ? model : { ...model, profile };
  }

  /** Every model of the account, hidden ones too; none for `openai` deployments. */
  async entriesFor(deployment: Deployment): Promise<readonly CatalogEntry[]> {
    return (await this.stateOf(deployment)).entries;
  }

  /** Entries with their origin, for the native catalog route and for `doctor`. */
  async stateOf(deployment: Deployment): Promise<CatalogState> {
    if (deployment.provider === 'openai')
      return { entries: [], etag: undefined, origin: 'account', warning: undefined };
    return (this.cached(deployment) ?? (await this.catalogOf(deployment))).state;
  }

  /** The kept catalog, if there is one; starts a refresh behind it when it is old. */
  private cached(target: Target): AccountCatalog | undefined {
    const slot = this.slotOf(target);
    if (slot.catalog === undefined) return undefined;
    if (this.clock.monotonicMs() >= slot.staleAtMs) void this.ask(target, slot);
    return slot.catalog;
  }

  private catalogOf(target: Target): Promise<AccountCatalog> {
    return this.ask(target, this.slotOf(target));
  }

  private slotOf({ apiBase, credential }: Target): Slot {
    const key = `${credential.name}\n${apiBase}`;
    const known = this.slots.get(key);
    if (known !== undefined) return known;
    const slot = { catalog: undefined, staleAtMs: Number.NEGATIVE_INFINITY, asking: undefined };
    this.slots.set(key, slot);
    return slot;
  }

  /** Asks the account, once at a time. Resolves always. */
  private ask(target: Target, slot: Slot): Promise<AccountCatalog> {
    slot.asking ??= this.fetched(target, slot.catalog).then(({ catalog, keepMs }) => {
      slot.catalog = catalog;
      slot.staleAtMs = this.clock.monotonicMs() + keepMs;
      slot.asking = undefined;
      return catalog;
    });
    return slot.asking;
  }

  private async fetched(target: Target, last: AccountCatalog | undefined): Promise<Fetched> {
    const own = last?.state.origin === 'account' ? last : undefined;
    try {
      const answer = await this.source.fetch(target, own?.state.etag);
      if (answer === undefined && own !== undefined) return { catalog: own.warned(undefined), keepMs: freshForMs };
      return this.taken(answer);
    } catch (error) {
      const why = `could not be asked (${reasonOf(error)})`;
      return { catalog: own?.warned(kept(why)) ?? this.standIn(why), keepMs: failedForMs };
    }
  }

  private taken(answer: FetchedCatalog | undefined): Fetched {
    const entries = parseCatalog(answer?.models ?? []);
    if (entries.length === 0) return { catalog: this.standIn(emptyCatalog), keepMs: failedForMs };
    const state = { entries, etag: answer?.etag, origin: 'account', warning: undefined } as const;
    return { catalog: new AccountCatalog(state, this.settings.codex.retiredModelFallback), keepMs: freshForMs };
  }

  private standIn(why: string): AccountCatalog {
    return this.snapshot.warned(
      `The account's model catalog ${why}; the list of ${this.snapshotDate} that came with the gateway stands in.`,
    );
  }
}

function plain(slug: string): ResolvedModel {
  return { slug, entry: undefined, profile: 'ordinary', effort: undefined, remappedFrom: undefined };
}

function kept(why: string): string {
  return `The account's model catalog ${why}; the last one that was read stays in use.`;
}

/** Failures of ours have messages that may be shown; of anything else only the name of its kind is told. */
function reasonOf(error: unknown): string {
  if (error instanceof UpstreamFailure || error instanceof GatewayError) return error.message;
  return error instanceof Error ? error.name : 'unknown error';
}
