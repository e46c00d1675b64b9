import { Injectable } from '@nestjs/common';
import { SharedCache } from '../../state/shared-cache';
import { type Reconciliation } from '../bookkeeper';

const cacheKey = 'books:v1:left-wrong';
/** What nobody compared for so long says nothing any more, milliseconds. */
const lifeMs = 40 * 86_400_000;

/** What the last comparison of the books left wrong, whichever replica made it: whoever shows it must not go on about one before. */
@Injectable()
export class LastComparison {
  constructor(private readonly cache: SharedCache) {}

  /** Tells all replicas. Never fails. */
  keep({ mismatches, repaired }: Reconciliation): Promise<void> {
    return this.cache.set(cacheKey, String(mismatches.length - repaired), lifeMs);
  }

  /** How many figures it left wrong; undefined when there was none, or while the state is away. Never fails. */
  async leftWrong(): Promise<number | undefined> {
    const kept = await this.cache.get(cacheKey);
    return kept === undefined ? undefined : Number(kept);
  }
}
