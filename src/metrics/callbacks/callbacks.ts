import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type CodexHooks } from '../../config/hooks';
import { type Settings } from '../../config/settings';
import { SettingsChanges } from '../../config/settings-holder';
import { Clock } from '../../kernel/clock';
import { Outbound } from '../../outbound/outbound';
import { HOOKS } from '../../prompts/hooks.module';
import { GatewayMetrics } from '../../telemetry/gateway-metrics';
import { RequestFeed } from '../../telemetry/request-feed';
import { HookCallback } from './hook-callback';
import { WebhookCallback, webhookLimits } from './webhook-callback';

/** Whoever else hears of finished requests: the operator's webhook and hook modules. */
@Injectable()
export class Callbacks implements OnModuleInit, BeforeApplicationShutdown {
  private webhook: WebhookCallback | undefined;
  /** Of settings before these. */
  private readonly closing = new Set<Promise<unknown> | undefined>();

  // eslint-disable-next-line max-params -- the feed, what is told of it, and the two who are told
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'observability'>,
    @Inject(HOOKS) private readonly hooks: readonly CodexHooks[],
    private readonly feed: RequestFeed,
    private readonly metrics: GatewayMetrics,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
    private readonly changes: SettingsChanges,
  ) {}

  onModuleInit(): void {
    const { metrics, clock } = this;
    this.webhook = this.webhookOf(this.settings);
    this.feed.subscribe((record) => this.webhook?.hear(record));
    this.changes.onChange((now, before) => {
      if (isDeepStrictEqual(now.observability.callbacks, before.observability.callbacks)) return;
      // What the old one holds back still goes to where it was meant for.
      const closing = this.webhook?.close().finally(() => this.closing.delete(closing));
      this.closing.add(closing);
      this.webhook = this.webhookOf(now);
    });
    const hook = new HookCallback(this.hooks, metrics, clock);
    if (!hook.isWanted) return;
    this.feed.subscribe((record) => {
      hook.hear(record);
    });
  }

  /** Before anything closes, the way out among it. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.webhook?.close(), ...this.closing]);
  }

  private webhookOf({ observability }: Pick<Settings, 'observability'>): WebhookCallback | undefined {
    const { outbound, metrics, clock } = this;
    const { callbacks } = observability;
    const { webhookUrl } = callbacks;
    if (callbacks.webhook === 'none' || webhookUrl === undefined) return undefined;
    return new WebhookCallback({ ...callbacks, webhookUrl }, { outbound, metrics, clock, limits: webhookLimits });
  }
}
