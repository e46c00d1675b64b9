import { isDeepStrictEqual } from 'node:util';
import { Injectable, Optional } from '@nestjs/common';
import { usedCredentials } from '../config/credentials';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { SettingsChanges } from '../config/settings-holder';
import { Clock } from '../kernel/clock';
import { GatewayLogger } from '../telemetry/logger';
import { type AccountCatalog, type CatalogState } from './account-catalog';
import { type CatalogEntry, type ResolvedModel, uncataloguedModel } from './catalog-entry';
import { CatalogReader } from './catalog-reader';
import { CatalogSlot } from './catalog-slot';
import { type CatalogTarget } from './shared-catalogs';

const noCatalog: CatalogState = { entries: [], etag: undefined, origin: 'account', warning: undefined };

/** The models of every account, asked for once and kept; answers at once after the first time. */
@Injectable()
export class ModelCatalog {
  private readonly slots = new Map<string, CatalogSlot>();

  constructor(
    private readonly reader: CatalogReader,
    private readonly clock: Clock,
    @Optional() private readonly logger?: GatewayLogger,
    @Optional() changes?: SettingsChanges,
  ) {
    changes?.onChange((now, before) => {
      if (!isDeepStrictEqual(namesIn(now), namesIn(before))) this.slots.clear();
    });
  }

  /**
   * A name as written in a deployment or by a client → what goes upstream. Never fails: an unknown name is sent as it is.
   * A deployment's own `profile` wins over the catalog; `openai` deployments have no catalog.
   */
  async resolve(name: string, deployment: Deployment): Promise<ResolvedModel> {
    if (deployment.provider === 'openai') return uncataloguedModel(name);
    const model = (this.cached(deployment) ?? (await this.catalogOf(deployment))).resolve(name);
    const { profile } = deployment;
    return profile === undefined || profile === model.profile ? model : { ...model, profile };
  }

  /** Every model of the account, hidden ones too; none for `openai` deployments. */
  async entriesFor(deployment: Deployment): Promise<readonly CatalogEntry[]> {
    return (await this.stateOf(deployment)).entries;
  }

  /** Entries with their origin and what an operator should know of them. */
  async stateOf(deployment: Deployment): Promise<CatalogState> {
    if (deployment.provider === 'openai') return noCatalog;
    return (this.cached(deployment) ?? (await this.catalogOf(deployment))).state;
  }

  /**
   * An answer of this deployment's account named the ETag of its catalog. A new one makes the catalog be read again,
   * behind the calls. Cheap enough for every answer: a storm of answers makes one reading.
   */
  etagSeen(deployment: Deployment, etag: string | undefined): void {
    if (etag === undefined || deployment.provider === 'openai') return;
    const slot = this.slotOf(deployment);
    if (slot.announce(etag, this.clock.monotonicMs())) void this.ask(deployment, slot);
  }

  /** The kept catalog, if there is one; starts a refresh behind it when it is old. */
  private cached(target: CatalogTarget): AccountCatalog | undefined {
    const slot = this.slotOf(target);
    if (slot.catalog === undefined) return undefined;
    if (slot.isStale(this.clock.monotonicMs())) void this.ask(target, slot);
    return slot.catalog;
  }

  private catalogOf(target: CatalogTarget): Promise<AccountCatalog> {
    return this.ask(target, this.slotOf(target));
  }

  private slotOf({ apiBase, credential }: CatalogTarget): CatalogSlot {
    const key = `${credential.name}\n${apiBase}`;
    const known = this.slots.get(key);
    if (known !== undefined) return known;
    const slot = new CatalogSlot();
    this.slots.set(key, slot);
    return slot;
  }

  /** Reads the account's catalog, once at a time. Resolves always. */
  private ask(target: CatalogTarget, slot: CatalogSlot): Promise<AccountCatalog> {
    return slot.reading(async () => {
      const { catalog: last, announced } = slot;
      const found = await this.reader.read({ target, last, announced });
      slot.take(found, announced, this.clock.monotonicMs());
      this.report(target, last?.state.warning, found.catalog.state.warning);
      return found.catalog;
    });
  }

  /** Said once when it begins and once when it is over. */
  private report({ credential }: CatalogTarget, before: string | undefined, now: string | undefined): void {
    if (before === now) return;
    if (now === undefined)
      this.logger?.event('info', "The account's model catalog is well.", { credential: credential.name });
    else this.logger?.event('warn', now, { credential: credential.name });
  }
}

/** What kept catalogs depend on. Another login under a known name may have other models. */
function namesIn(settings: Settings): readonly unknown[] {
  return [settings.codex.retiredModelFallback, usedCredentials(settings)];
}
