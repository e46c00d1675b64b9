import { createHmac } from 'node:crypto';
import { eventually } from '../../../test/support/eventually';
import { HttpSink } from '../../../test/support/http-sink';
import { MovedClock } from '../../../test/support/moved-clock';
import { requestRecord } from '../../../test/support/sample-events';
import { settingsFor } from '../../../test/support/settings-for';
import { defaultObservability } from '../../config/observability-settings';
import { type Settings } from '../../config/settings';
import { SettingsHolder } from '../../config/settings-holder';
import { UndiciOutbound } from '../../outbound/undici-outbound';
import { GatewayMetrics } from '../../telemetry/gateway-metrics';
import { RequestFeed } from '../../telemetry/request-feed';
import { Callbacks } from './callbacks';

const signingSecret = 'whsec-of-the-callbacks-suite';

function settingsTo(webhookUrl: string | undefined): Settings {
  const callbacks = {
    webhook: webhookUrl === undefined ? ('none' as const) : ('all' as const),
    webhookUrl,
    signingSecret,
  };
  return settingsFor('http://127.0.0.1:9', { rest: { observability: { ...defaultObservability, callbacks } } });
}

it('the webhook hears of finished requests, signed, and follows the settings while the gateway serves', async () => {
  const [first, second] = [await HttpSink.start(), await HttpSink.start()];
  const holder = new SettingsHolder(settingsTo(`${first.url}/hook`));
  const feed = new RequestFeed();
  const outbound = new UndiciOutbound(holder.live, holder);
  const callbacks = new Callbacks(holder.live, [], feed, new GatewayMetrics(), outbound, new MovedClock(), holder);
  callbacks.onModuleInit();
  try {
    feed.tell(requestRecord({ requestId: 'for-the-first' }));
    await eventually('the first receiver hears', () => first.received.length > 0);
    const [head = '', body = ''] = (first.received[0] ?? '').split('\n\n');
    const [, unix = '', hex] = /x-codex-gateway-signature\nt=(\d+),v1=([0-9a-f]{64})/i.exec(head) ?? [];
    expect(hex).toBe(createHmac('sha256', signingSecret).update(`${unix}.${body}`).digest('hex'));
    feed.tell(requestRecord({ requestId: 'held-back' }));
    holder.replace(settingsTo(`${second.url}/hook`));
    feed.tell(requestRecord({ requestId: 'for-the-second' }));
    await eventually('both have heard', () => first.received.length > 1 && second.received.length > 0);
    holder.replace(settingsTo(undefined));
    feed.tell(requestRecord({ requestId: 'for-nobody' }));
    await callbacks.beforeApplicationShutdown();
    expect(first.received.join('\n')).toMatch(/for-the-first[^]*held-back/);
    expect(second.received.join('\n')).toContain('for-the-second');
    expect([...first.received, ...second.received].join('\n')).not.toContain('for-nobody');
  } finally {
    await outbound.close();
    await Promise.all([first.close(), second.close()]);
  }
});
