import { MovedClock } from '../../../test/support/moved-clock';
import { requestRecord } from '../../../test/support/sample-events';
import { GatewayMetrics } from '../../telemetry/gateway-metrics';
import { HookCallback } from './hook-callback';

const turn = () => new Promise(setImmediate);

describe('finished hooks', () => {
  it('hear of every request in a turn of their own, and cannot change what others hear', async () => {
    const heard: unknown[] = [];
    const first = (event: Record<string, unknown>): void => {
      heard.push(event['id']);
      event['id'] = 'changed';
    };
    const second = (event: Record<string, unknown>): Promise<void> => {
      heard.push(event['id']);
      return Promise.resolve();
    };
    const callback = new HookCallback(
      [{ finished: first }, {}, { finished: second }],
      new GatewayMetrics(),
      new MovedClock(),
    );
    expect(callback.isWanted).toBe(true);
    callback.hear(requestRecord({ requestId: 'r1' }));
    expect(heard).toEqual([]);
    await turn();
    expect(heard).toEqual(['r1', 'r1']);
  });

  it('that throw or reject are counted', async () => {
    const metrics = new GatewayMetrics();
    const throwing = (): never => {
      throw new Error('secret of the hook');
    };
    const rejecting = (): Promise<void> => Promise.reject(new Error('secret of the hook'));
    const callback = new HookCallback(
      [{ finished: throwing }, { finished: rejecting }, { finished: () => undefined }],
      metrics,
      new MovedClock(),
    );
    callback.hear(requestRecord());
    await turn();
    await turn();
    const { text } = await metrics.exposition();
    expect(text).toContain('codex_callback_events_total{callback_name="hook",outcome="failed"} 2');
    expect(text).toContain('codex_callback_events_total{callback_name="hook",outcome="sent"} 1');
    expect(text).not.toContain('secret of the hook');
  });

  it('are not missed when there are none', () => {
    expect(new HookCallback([{}], new GatewayMetrics(), new MovedClock()).isWanted).toBe(false);
  });
});
