import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Ledger } from '../metering/ledger';
import { Meter } from '../metering/meter';
import { AuditLog } from '../state/audit/audit-log';
import { EntityStore } from '../state/entities/entity-store';
import { StateUnavailable } from '../state/state-unavailable';
import { GatewayLogger } from '../telemetry/logger';

/** How the journals of `STATE_DIR` are: open, owned by another running gateway, or not to be opened or written for another reason. */
export type FolderState = 'open' | 'in_use' | 'unusable';

/**
 * Whether keys and books of this process can be used, where they lie in `STATE_DIR`: one running gateway has its journals
 * for itself. They are opened at the start already, so that a gateway without calls is an owner too, and at every question
 * until they are open.
 */
@Injectable()
export class StateFolder implements OnApplicationBootstrap, OnModuleDestroy {
  private looking: Promise<FolderState> | undefined;
  private isOthers = false;

  // eslint-disable-next-line max-params -- each journal belongs to a room of its own
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'redis' | 'stateDir'>,
    private readonly entities: EntityStore,
    private readonly ledger: Ledger,
    private readonly meter: Meter,
    private readonly audit: AuditLog,
    private readonly logger: GatewayLogger,
  ) {}

  /** Is not waited for: books may be long, and calls wait for them by themselves. */
  onApplicationBootstrap(): void {
    void this.look();
  }

  /** The journals are closed behind this; none may be opened once more by then. */
  async onModuleDestroy(): Promise<void> {
    await this.looking;
  }

  /** Opens what is not open; questions at the same time share one try. Always `open` with Redis. Never fails. */
  look(): Promise<FolderState> {
    if (this.settings.redis !== undefined) return Promise.resolve('open');
    this.looking ??= this.open().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  /**
   * Each of these reads nothing and opens its journal first. One after the other, always in this order: of two gateways that
   * wait for the same folder the one that gets the first journal gets all.
   */
  private async open(): Promise<FolderState> {
    try {
      await this.entities.many([]);
      await this.ledger.counters([]);
      await this.audit.page({ offset: 0, limit: 0 });
    } catch (error) {
      const isOthers = error instanceof StateUnavailable && error.trouble === 'offline';
      if (isOthers) this.tellTaken();
      return isOthers ? 'in_use' : 'unusable';
    }
    this.tellOwn();
    // Opening only reads: a full disk shows in what could not be written.
    return this.meter.health.isUp ? 'open' : 'unusable';
  }

  private tellTaken(): void {
    if (this.isOthers) return;
    this.isOthers = true;
    const message = 'not ready: STATE_DIR belongs to another running gateway, so keys and books cannot be used here';
    const advice =
      'It is tried again by itself. Stop the other gateway, give each a STATE_DIR of its own, or let them share Redis (REDIS_URL).';
    this.logger.event('error', message, { code: 'state_folder_in_use', folder: this.settings.stateDir, advice });
  }

  private tellOwn(): void {
    if (!this.isOthers) return;
    this.isOthers = false;
    this.logger.event('info', 'ready: STATE_DIR belongs to this gateway now', { folder: this.settings.stateDir });
  }
}
