import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { type PlanQuota, windowNameOf } from '../kernel/plan-quota';
import { type TokenUsage } from '../kernel/usage';
import { type PlanShare, PlanShareEstimator } from '../metering/plan-share';

/** What a request takes of its account's windows, parts per million. */
export interface PlanParts {
  readonly plan5h: number;
  readonly planWeek: number;
}

/** What one token takes of an account's windows, as far as it was measured. */
export interface AccountShares {
  readonly fiveHours: PlanShare;
  readonly week: PlanShare;
}

interface Measured {
  readonly fiveHours: PlanShareEstimator;
  readonly week: PlanShareEstimator;
}

/** Of a request that took nothing, or of an account that has no plan. */
export const noParts: PlanParts = { plan5h: 0, planWeek: 0 };
/** The limit that every model counts towards. */
const commonLimit = 'codex';

/**
 * Learns per account what a token takes of the plan's windows: their movement from answer to answer, over the tokens that
 * were settled between. Each replica learns by itself, and takes the others to do as much as it does (`REPLICA_COUNT`).
 */
@Injectable()
export class PlanShares {
  private readonly accounts = new Map<string, Measured>();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /** An answer began. @param account name of its credential. */
  seen(account: string, quota: PlanQuota | undefined): void {
    if (quota === undefined) return;
    const readAtMs = this.clock.nowMs();
    for (const { limit, minutes, usedPercent, resetAtMs } of quota.windows) {
      const name = limit === commonLimit ? windowNameOf(minutes) : 'other';
      if (name === 'other') continue;
      const { fiveHours, week } = this.measured(account);
      (name === '5h' ? fiveHours : week).read({ usedRatio: usedPercent / 100, resetAtMs, readAtMs });
    }
  }

  /** An answer was settled. @returns what it took. */
  settled(account: string, usage: TokenUsage): PlanParts {
    const known = this.accounts.get(account);
    if (known === undefined) return noParts;
    const parts = partsOf(known, usage);
    const tokens = tokensOf(usage) * this.settings.metering.replicas;
    known.fiveHours.settled(tokens);
    known.week.settled(tokens);
    return parts;
  }

  /** What so much is likely to take; nothing before anything was measured. */
  partsFor(account: string, usage: Pick<TokenUsage, 'inputTokens' | 'outputTokens'>): PlanParts {
    const known = this.accounts.get(account);
    return known === undefined ? noParts : partsOf(known, usage);
  }

  /** What is known of an account, for people; undefined before it has answered. */
  of(account: string): AccountShares | undefined {
    const known = this.accounts.get(account);
    return known === undefined ? undefined : { fiveHours: known.fiveHours.share, week: known.week.share };
  }

  private measured(account: string): Measured {
    let known = this.accounts.get(account);
    if (known === undefined) {
      known = { fiveHours: new PlanShareEstimator(), week: new PlanShareEstimator() };
      this.accounts.set(account, known);
    }
    return known;
  }
}

type Tokens = Pick<TokenUsage, 'inputTokens' | 'outputTokens'>;

function tokensOf({ inputTokens, outputTokens }: Tokens): number {
  return inputTokens + outputTokens;
}

function partsOf({ fiveHours, week }: Measured, usage: Tokens): PlanParts {
  const tokens = tokensOf(usage);
  return { plan5h: fiveHours.partOf(tokens), planWeek: week.partOf(tokens) };
}
