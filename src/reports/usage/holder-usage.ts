import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock';
import { type ScopeLimits } from '../../kernel/limits';
import { type Principal } from '../../kernel/principal';
import { Bookkeeper } from '../../metering/bookkeeper';
import { Ledger } from '../../metering/ledger';
import { type LimitState } from '../../metering/meter';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { sightOf } from '../sight';
import { codexUsageShape, usageShape } from './usage-shapes';

/** What a key's holder may know of itself: its spend, its limits, what is left, and when they start anew. */
@Injectable()
export class HolderUsage {
  constructor(
    private readonly ledger: Ledger,
    private readonly books: Bookkeeper,
    private readonly clock: Clock,
  ) {}

  /** `GET /v1/usage`. @throws {StateUnavailable} */
  async own(principal: Principal): Promise<JsonObject> {
    const [counters, limits] = await Promise.all([
      this.ledger.counters([{ kind: 'key', id: principal.keyHash }]),
      this.limits(principal),
    ]);
    return usageShape(principal, counters[0], limits);
  }

  /** What the Codex CLI's `/status` asks for. @throws {StateUnavailable} */
  async forCodex(principal: Principal): Promise<JsonObject> {
    return codexUsageShape(await this.limits(principal), this.clock.nowMs());
  }

  /** How full the whole proxy is, is the operator's to know. */
  private async limits(principal: Principal): Promise<readonly LimitState[]> {
    const seesAll = sightOf(principal).kind === 'all';
    const scopes = scopesOf(principal).filter(({ kind }) => kind !== 'proxy' || seesAll);
    return scopes.length === 0 ? [] : this.books.limits(scopes);
  }
}

function scopesOf({ scopes, modelScopes }: Principal): readonly ScopeLimits[] {
  return [...scopes, ...[...modelScopes.values()].flat()];
}
