import { type CodexHooks } from '../../config/hooks';
import { type Clock } from '../../kernel/clock';
import { type RequestRecord } from '../../kernel/observer';
import { type GatewayMetrics } from '../../telemetry/gateway-metrics';
import { callbackEvent } from './callback-event';

const name = 'hook';

/** Tells the operator's `finished` hooks of requests, each in a turn of its own; what they throw is counted. */
export class HookCallback {
  private readonly hooks: readonly NonNullable<CodexHooks['finished']>[];

  constructor(
    hooks: readonly CodexHooks[],
    private readonly metrics: GatewayMetrics,
    private readonly clock: Clock,
  ) {
    this.hooks = hooks.flatMap(({ finished }) => (finished === undefined ? [] : [finished]));
  }

  /** Whether anybody wants to hear. */
  get isWanted(): boolean {
    return this.hooks.length > 0;
  }

  hear(record: RequestRecord): void {
    const event = callbackEvent(record, this.clock.nowMs());
    for (const hook of this.hooks) setImmediate(() => void this.told(hook, { ...event }));
  }

  private async told(
    hook: NonNullable<CodexHooks['finished']>,
    event: ReturnType<typeof callbackEvent>,
  ): Promise<void> {
    try {
      await hook(event);
      this.metrics.state.callbackEvents.add([name, 'sent']);
    } catch {
      this.metrics.state.callbackEvents.add([name, 'failed']);
      this.metrics.state.callbackFailures.add([name]);
    }
  }
}
