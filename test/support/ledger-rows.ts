import { type LedgerRow } from '../../src/metering/ledger-row';

/** A settled request of key `k1`; a test says what is different. */
export function ledgerRow(changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    id: 'req_1',
    callType: 'acompletion',
    keyHash: 'k1',
    tags: [],
    startMs: 1_700_000_000_000,
    endMs: 1_700_000_001_000,
    requestedModel: 'gpt-5.5',
    modelGroup: 'gpt-5.5',
    model: 'gpt-5.5',
    provider: 'codex',
    account: 'default',
    status: 'success',
    end: 'completed',
    httpStatus: 200,
    stream: true,
    usage: { inputTokens: 100, cachedInputTokens: 40, cacheWriteTokens: 0, outputTokens: 20, reasoningTokens: 5 },
    spend: 1_000,
    tier: { billed: 'default' },
    quality: 'exact',
    late: false,
    attempts: 1,
    ...changes,
  };
}
