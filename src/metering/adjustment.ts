import { randomBytes } from 'node:crypto';
import { adjustmentCall, type LedgerRow } from './ledger-row';
import { bookOwner } from './machine/book-keys';
import { type AdjustCommand } from './machine/meter-command';
import { adjustmentIndexes } from './machine/posting';
import { rowText } from './machine/row-text';

/** What an adjustment changes. Money is nano-dollars. */
export interface AdjustedParts {
  /** Change of the lifetime spend. */
  readonly spend: number;
  /** Counter → change. */
  readonly periods: Readonly<Record<string, number>>;
  /** Of a row that only tells a later budget what an adjustment means for it: that adjustment. */
  readonly follows?: string;
  readonly nowMs: number;
}

/** A new row's id. */
export function adjustmentId(): string {
  return `adjust_${randomBytes(12).toString('hex')}`;
}

/** The command that enters an adjustment in a book at a number of it. @param id one that `adjustmentId` made. */
export function adjustmentOf(
  { key, seq }: Pick<AdjustCommand, 'key' | 'seq'>,
  id: string,
  parts: AdjustedParts,
): AdjustCommand {
  const { spend, periods, nowMs } = parts;
  const row = rowOf(key, id, parts);
  return { key, seq, rowId: id, text: rowText(row), startMs: nowMs, indexes: adjustmentIndexes(row), spend, periods };
}

function rowOf(key: string, id: string, { spend, periods, follows, nowMs }: AdjustedParts): LedgerRow {
  const { kind, id: owner, model } = bookOwner(key);
  return {
    id,
    callType: adjustmentCall,
    keyHash: '',
    tags: [],
    startMs: nowMs,
    endMs: nowMs,
    requestedModel: '',
    modelGroup: model ?? '',
    model: '',
    status: 'success',
    end: 'completed',
    httpStatus: 200,
    stream: false,
    usage: { inputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    spend,
    tier: { billed: '' },
    quality: 'exact',
    late: false,
    attempts: 0,
    adjusts: {
      kind,
      id: owner,
      ...(model === undefined ? {} : { model }),
      periods,
      ...(follows === undefined ? {} : { follows }),
    },
  };
}
