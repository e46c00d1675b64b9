import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConfigFault, formatFault } from '../config/config-fault';
import { FileWatch } from '../config/file-watch';
import { type Settings } from '../config/settings';
import { SettingsHolder, type SettingsSwap } from '../config/settings-holder';
import { lookAt, SettingsSource } from '../config/settings-source';
import { Clock } from '../kernel/clock';
import { GatewayMetrics } from '../telemetry/gateway-metrics';
import { GatewayLogger } from '../telemetry/logger';
import { type ReloadResult } from '../telemetry/metrics/config-metrics';

/** A file that is written by an editor is whole after this long, milliseconds. */
const settleMs = 200;

/**
 * Keeps what runs equal to the configuration file: its folder is watched, its content compared, a changed file parsed and
 * checked as at the start, and put in force as a whole or not at all.
 */
@Injectable()
export class ConfigReload implements OnApplicationBootstrap, OnModuleDestroy {
  private watch: FileWatch | undefined;
  /** Of the text that was judged last; the start's is not known, so the first look always reads. */
  private digest: string | undefined;
  private rejected = false;
  private turn: Promise<unknown> = Promise.resolve();

  // eslint-disable-next-line max-params -- the one place where file, settings and what is told of them meet
  constructor(
    private readonly holder: SettingsHolder,
    /** Undefined when nobody can read the settings anew: they were made by a program, not by a file. */
    @Inject(SettingsSource) private readonly source: SettingsSource | undefined,
    private readonly logger: GatewayLogger,
    private readonly metrics: GatewayMetrics,
    private readonly clock: Clock,
  ) {}

  /** Whether the file has faults, so that older settings serve. */
  get isRejected(): boolean {
    return this.rejected;
  }

  onApplicationBootstrap(): void {
    this.metrics.config.inForceSince(this.clock.nowMs());
    const { configFile, times } = this.holder.live;
    if (this.source === undefined || configFile === undefined) return;
    const changed = (): void => void this.reload();
    this.watch = new FileWatch(configFile, changed, times.configPollMs, settleMs);
    // It may have changed between the reading of the start and now.
    changed();
  }

  async onModuleDestroy(): Promise<void> {
    this.watch?.stop();
    await this.turn;
  }

  /**
   * Reads the file and puts it in force if it is sound; one reading at a time. Never fails: faults are logged, counted, and
   * told by readiness.
   *
   * @param asked somebody wants it (SIGHUP): done and told even when the file is the same, for what stands behind it.
   */
  reload(asked = false): Promise<void> {
    const next = this.turn.then(() => this.read(asked));
    this.turn = next;
    return next;
  }

  private async read(asked: boolean): Promise<void> {
    const { source } = this;
    const path = this.holder.live.configFile;
    if (source === undefined) return;
    const isFirst = this.digest === undefined;
    const look = path === undefined ? undefined : await lookAt(path);
    if (!asked && look?.digest === this.digest) return;
    this.digest = look?.digest;
    try {
      const next = path === undefined || look === undefined ? source.read() : source.readFrom(path, look);
      this.tell(this.holder.replace(next), next, !asked && isFirst);
    } catch (error) {
      this.reject(error, path);
    }
  }

  private tell({ changed, needsRestart, failures }: SettingsSwap, next: Settings, isFirst: boolean): void {
    const wasRejected = this.rejected;
    this.rejected = false;
    for (const failure of failures) this.logger.failure(failure, { context: 'settings were read anew' });
    if (changed.length === 0 && needsRestart.length === 0 && isFirst) return;
    this.logger.setLevel(this.holder.live.logLevel);
    const result: ReloadResult = changed.length === 0 ? 'unchanged' : 'applied';
    this.metrics.config.reloaded(result);
    if (result === 'applied') this.metrics.config.inForceSince(this.clock.nowMs());
    for (const warning of next.warnings) this.logger.warn(warning);
    const message = result === 'applied' ? 'the configuration was read anew' : 'the configuration is as it was';
    this.logger.event('info', message, { config: next.configFile, changed, recovered: wasRejected || undefined });
    if (needsRestart.length === 0) return;
    this.logger.event('warn', 'these settings need a restart; until then they stay as they were', {
      settings: needsRestart,
    });
  }

  private reject(error: unknown, path: string | undefined): void {
    this.rejected = true;
    this.metrics.config.reloaded('rejected');
    if (!(error instanceof ConfigFault)) this.logger.failure(error, { context: 'reading the configuration anew' });
    this.logger.event('error', 'the configuration file is faulty: the settings from before stay in force', {
      config: path,
      faults: error instanceof ConfigFault ? error.faults.map(formatFault) : [],
    });
  }
}
