import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type CodexHooks } from '../../config/hooks';
import { type Settings } from '../../config/settings';
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

  // eslint-disable-next-line max-params -- the feed, what is told of it, and the two who are told
  constructor(
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'observability'>,
    @Inject(HOOKS) private readonly hooks: readonly CodexHooks[],
    private readonly feed: RequestFeed,
    private readonly metrics: GatewayMetrics,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const { metrics, outbound, clock } = this;
    const { callbacks } = this.settings.observability;
    const { webhookUrl } = callbacks;
    if (callbacks.webhook !== 'none' && webhookUrl !== undefined) {
      const parts = { outbound, metrics, clock, limits: webhookLimits };
      const webhook = new WebhookCallback({ ...callbacks, webhookUrl }, parts);
      this.webhook = webhook;
      this.feed.subscribe((record) => {
        webhook.hear(record);
      });
    }
    const hook = new HookCallback(this.hooks, metrics, clock);
    if (!hook.isWanted) return;
    this.feed.subscribe((record) => {
      hook.hear(record);
    });
  }

  /** Before anything closes, the way out among it. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.webhook?.close();
  }
}
