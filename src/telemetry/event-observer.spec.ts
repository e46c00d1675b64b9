import { GatewayMetrics } from './gateway-metrics';
import { LimitBook } from './limit-book';
import { GatewayLogger } from './logger';
import { MetricsObserver } from './metrics-observer';

const metrics = new GatewayMetrics();
const silent = new GatewayLogger({ logLevel: 'silent' }, { write: () => undefined });
const observer = new MetricsObserver(metrics, silent, new LimitBook(metrics, () => 0, 10));

/** Lines of one metric. */
async function shown(name: string): Promise<readonly string[]> {
  const { text } = await metrics.exposition();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}

describe('accounts in the metrics', () => {
  beforeAll(() => {
    observer.accountsAre(['team']);
  });

  it('have their quota shown where the configuration names them, whoever heard of others', async () => {
    const windows = [{ limit: 'codex', minutes: 300, usedPercent: 25, resetAtMs: undefined }];
    const quota = { planType: 'plus', activeLimit: undefined, credits: undefined, windows };
    for (const account of ['team', 'long gone']) observer.accountQuotaSeen({ account, quota });
    expect(await shown('codex_account_window_used_ratio')).toEqual([
      'codex_account_window_used_ratio{account="team",window="5h",limit="codex"} 0.25',
    ]);
    expect(await shown('codex_account_info')).toEqual(['codex_account_info{account="team",plan="plus"} 1']);
  });

  it('show no end of a login whose token has none', async () => {
    const name = 'codex_account_token_expiry_timestamp_seconds';
    const look = { account: 'team', plan: 'business', lastRefreshMs: undefined } as const;
    observer.accountStateSeen({ ...look, condition: 'ok', tokenExpiresAtMs: 60_000 });
    observer.accountStateSeen({ ...look, condition: 'unusable', tokenExpiresAtMs: undefined });
    expect(await shown(name)).toEqual([`${name}{account="team"} 60`]);
    observer.accountStateSeen({ ...look, condition: 'ok', tokenExpiresAtMs: undefined });
    expect(await shown(name)).toEqual([]);
  });
});
