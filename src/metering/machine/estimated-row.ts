import { type LedgerRow } from '../ledger-row';

/** The row of a request whose process is gone: what its last checkpoint says, and that nobody knows the end. */
export function estimatedRow(draft: LedgerRow, nowMs: number): LedgerRow {
  return {
    ...draft,
    endMs: Math.max(nowMs, draft.startMs),
    status: 'failure',
    end: 'cut',
    errorCode: 'process_lost',
    quality: 'estimated',
  };
}
