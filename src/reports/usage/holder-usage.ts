import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { type ScopeLimits } from '../../kernel/limits';
import { type Principal } from '../../kernel/principal';
import { Ledger, type ScopeCounters } from '../../metering/ledger';
import { type LimitState } from '../../metering/meter';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { sightOf } from '../sight';
import { limitsNow } from './limits-now';
import { codexUsageShape, usageShape } from './usage-shapes';

/** What a key's holder may know of itself: its spend, its limits, what is left, and when they start anew. */
@Injectable()
export class HolderUsage {
  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'metering'>,
  ) {}

  /** `GET /v1/usage`. One round trip. @throws {StateUnavailable} */
  async own(principal: Principal): Promise<JsonObject> {
    const { key, limits } = await this.standing(principal);
    return usageShape(principal, key, limits);
  }

  /** What the Codex CLI's `/status` asks for. @throws {StateUnavailable} */
  async forCodex(principal: Principal): Promise<JsonObject> {
    const { limits } = await this.standing(principal);
    return codexUsageShape(limits, this.clock.nowMs());
  }

  /** How full the whole proxy is, is the operator's to know. */
  private async standing(
    principal: Principal,
  ): Promise<{ readonly key: ScopeCounters | undefined; readonly limits: readonly LimitState[] }> {
    const seesAll = sightOf(principal).kind === 'all';
    const scopes = scopesOf(principal).filter(({ kind }) => kind !== 'proxy' || seesAll);
    const books = [{ kind: 'key' as const, id: principal.keyHash }, ...scopes.map(bookOf)];
    const [key, ...counters] = await this.ledger.counters(books);
    const moment = { nowMs: this.clock.nowMs(), timeZone: this.settings.metering.timeZone };
    return { key, limits: limitsNow(scopes, counters, moment) };
  }
}

function scopesOf({ scopes, modelScopes }: Principal): readonly ScopeLimits[] {
  return [...scopes, ...[...modelScopes.values()].flat()];
}

function bookOf({ kind, id, model }: ScopeLimits): Pick<ScopeLimits, 'kind' | 'id' | 'model'> {
  return { kind, id, ...(model === undefined ? {} : { model }) };
}
