import { MetricFamily } from './metric-family';

/** How one reading of the configuration file ended. */
export type ReloadResult = 'applied' | 'unchanged' | 'rejected';

/** Whether what runs is what the configuration file says. */
export class ConfigMetrics extends MetricFamily {
  private readonly reloads = this.make.counter(
    {
      name: 'codex_config_reloads_total',
      help: 'Readings of the configuration file while serving: applied, unchanged, rejected.',
      labels: ['result'],
    },
    [['applied'], ['unchanged'], ['rejected']],
  );
  private readonly successful = this.make.level(
    {
      name: 'codex_config_last_reload_successful',
      help: '1 while the file as it stands is in force, 0 while it is faulty and an older one serves.',
    },
    'min',
  );
  private readonly appliedAt = this.make.level(
    {
      name: 'codex_config_last_reload_success_timestamp_seconds',
      help: 'When the settings in force were read, Unix seconds.',
    },
    'min',
  );

  /** The settings of the start, or of a reading, are in force since `nowMs` (Unix). */
  inForceSince(nowMs: number): void {
    this.appliedAt.put([], nowMs / 1_000);
    this.successful.put([], 1);
  }

  reloaded(result: ReloadResult): void {
    this.reloads.add([result], 1);
    this.successful.put([], result === 'rejected' ? 0 : 1);
  }
}
