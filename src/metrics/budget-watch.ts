import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { HolderScopes } from '../keys/directory/holder-scopes';
import { StateWatch } from '../keys/directory/state-watch';
import { Bookkeeper } from '../metering/bookkeeper';
import { type ChangedRef, type EntityRef } from '../state/entities/entity';
import { EntityStore } from '../state/entities/entity-store';
import { StateUnavailable } from '../state/state-unavailable';
import { LimitBook } from '../telemetry/limit-book';
import { GatewayLogger } from '../telemetry/logger';

/** Whose limits stand in a document of their own. */
const holderKinds = ['key', 'team', 'user'] as const;
type HolderKind = (typeof holderKinds)[number];
/** Holders that are read at once. */
const atOnce = 100;

/**
 * Keeps the gauges of budgets true between requests, which else are the only ones to tell how a budget stands: what a holder
 * is held to may change, and it may be gone. With `prometheus_initialize_budget_metrics` everybody is shown from the start.
 */
@Injectable()
export class BudgetWatch implements OnApplicationBootstrap {
  private readonly waiting = new Map<string, EntityRef & { readonly kind: HolderKind }>();
  private isReading = false;

  // eslint-disable-next-line max-params -- where holders stand, what they are held to, what they spent, where it is shown
  constructor(
    private readonly store: EntityStore,
    private readonly watch: StateWatch,
    private readonly scopes: HolderScopes,
    private readonly books: Bookkeeper,
    private readonly shown: LimitBook,
    private readonly logger: GatewayLogger,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'observability'>,
  ) {}

  onApplicationBootstrap(): void {
    this.watch.onChange((changed) => {
      this.heard(changed);
    });
    this.showAll();
  }

  /** Undefined: anything may have changed. A budget under a name may be anybody's. */
  private heard(changed: readonly ChangedRef[] | undefined): void {
    if (changed === undefined || changed.some(({ kind }) => kind === 'budget')) {
      for (const { scope, scopeId } of this.shown.holders()) if (isHolder(scope)) this.lookAgain(scope, scopeId);
      this.showAll();
    }
    for (const { kind, id } of changed ?? []) {
      // Read when they call again: what they are held to depends on others too.
      if (kind === 'member' || kind === 'customer') this.shown.replace(kind, id, []);
      else if (isHolder(kind) && (this.showsAll || this.shown.knows(kind, id))) this.lookAgain(kind, id);
    }
  }

  private get showsAll(): boolean {
    return this.settings.observability.metrics.initializeBudgets;
  }

  private showAll(): void {
    if (this.showsAll) void this.unlessAway(() => this.listAll());
  }

  /** The newest of each kind, as many as a metric may have series. */
  private async listAll(): Promise<void> {
    const { maxSeries } = this.settings.observability.metrics;
    for (const kind of holderKinds) {
      for (let offset = 0; offset < maxSeries; offset += atOnce) {
        const { entities } = await this.store.page(kind, { order: 'newest', offset, limit: atOnce });
        await this.read(entities.map(({ id }) => ({ kind, id })));
        if (entities.length < atOnce) break;
      }
    }
  }

  private lookAgain(kind: HolderKind, id: string): void {
    this.waiting.set(`${kind} ${id}`, { kind, id });
    if (this.isReading) return;
    this.isReading = true;
    void this.unlessAway(() => this.readWaiting()).finally(() => {
      this.isReading = false;
    });
  }

  private async readWaiting(): Promise<void> {
    while (this.waiting.size > 0) {
      const batch = [...this.waiting].slice(0, atOnce);
      for (const [name] of batch) this.waiting.delete(name);
      await this.read(batch.map(([, ref]) => ref));
    }
  }

  private async read(refs: readonly (EntityRef & { readonly kind: HolderKind })[]): Promise<void> {
    const scopes = await this.scopes.of(refs);
    const limits = scopes.length === 0 ? [] : await this.books.limits(scopes);
    for (const { kind, id } of refs) {
      const own = limits.filter(
        ({ scope, scopeId, limit }) => scope === kind && scopeId === id && limit !== 'parallel',
      );
      this.shown.replace(kind, id, own);
    }
  }

  /** Never fails. With the state away what was read last stands, and is read again when it is back. */
  private async unlessAway(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof StateUnavailable)) this.logger.failure(error, {});
    }
  }
}

function isHolder(kind: string): kind is HolderKind {
  return holderKinds.some((each) => each === kind);
}
