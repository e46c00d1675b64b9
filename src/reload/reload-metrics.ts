import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { GatewayMetrics } from '../telemetry/gateway-metrics';

/** How one reading of the configuration file ended. */
export type ReloadResult = 'applied' | 'unchanged' | 'rejected';

/** Whether what runs is what the file says. */
@Injectable()
export class ReloadMetrics {
  private readonly reloads: Counter<'result'>;
  private readonly successful: Gauge;
  private readonly appliedAt: Gauge;

  constructor({ registry }: GatewayMetrics) {
    const registers = [registry];
    this.reloads = new Counter({
      name: 'codex_config_reloads_total',
      help: 'Readings of the configuration file while serving, by result.',
      labelNames: ['result'],
      registers,
    });
    for (const result of ['applied', 'unchanged', 'rejected'] as const) this.reloads.inc({ result }, 0);
    this.successful = new Gauge({
      name: 'codex_config_last_reload_successful',
      help: '1 while the file as it stands is in force, 0 while it is faulty and an older one serves.',
      registers,
    });
    this.successful.set(1);
    this.appliedAt = new Gauge({
      name: 'codex_config_last_reload_success_timestamp_seconds',
      help: 'When the settings in force were read.',
      registers,
    });
  }

  /** The settings of the start, or those of a reading, are in force since `nowMs` (Unix). */
  inForceSince(nowMs: number): void {
    this.appliedAt.set(nowMs / 1_000);
  }

  counted(result: ReloadResult): void {
    this.reloads.inc({ result });
    this.successful.set(result === 'rejected' ? 0 : 1);
  }
}
