import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock';
import { type PlanCredits } from '../kernel/plan-quota';
import { candidateOf, partsOfScope } from './choice/candidate';
import { Fleet } from './fleet/fleet';
import { ModelGroups } from './model-groups';
import { type KnownWindow, usedPercentAt } from './quota/quota-record';
import { type Cooldown } from './trouble/cooldown';

/** What routing knows of one account, for operators. Times are Unix milliseconds. */
export interface AccountReport {
  /** Credential name. */
  readonly account: string;
  readonly deployments: readonly string[];
  /** In this process. */
  readonly inFlight: number;
  readonly planType: string | undefined;
  readonly credits: PlanCredits | undefined;
  readonly resetCredits: number | undefined;
  /** `usedPercent` as of now. */
  readonly windows: readonly KnownWindow[];
  /** Of the account itself, of a model on it, of its deployments, and of the way to them. */
  readonly cooldowns: readonly Cooldown[];
}

/** What operators may see and do about accounts and what keeps them from being used. */
@Injectable()
export class RoutingReport {
  constructor(
    @Inject(Fleet) private readonly fleet: Fleet,
    private readonly groups: ModelGroups,
    private readonly clock: Clock,
  ) {}

  /** By credential name. */
  accounts(): ReadonlyMap<string, AccountReport> {
    const nowMs = this.clock.nowMs();
    const resting = this.fleet.cooldowns.all(nowMs);
    const byAccount = new Map<string, AccountReport>();
    for (const candidate of this.groups.deployments.map(candidateOf)) {
      const { account, deployment, scopes } = candidate;
      const own = resting.filter(({ scope }) => Object.values(scopes).includes(scope));
      const known = byAccount.get(account);
      byAccount.set(account, {
        ...(known ?? this.accountReport(account, nowMs)),
        deployments: [...(known?.deployments ?? []), deployment.id],
        cooldowns: [...new Set([...(known?.cooldowns ?? this.modelsOf(account, resting)), ...own])],
      });
    }
    return byAccount;
  }

  /**
   * Uses accounts again as if nothing had happened: their cooldowns end on all replicas, and this one forgets their failures
   * and what it knows of their plans.
   *
   * @param account only this one and its deployments; undefined: all.
   * @returns the scopes that are used again.
   */
  clear(account: string | undefined): readonly string[] {
    const reports = this.accounts();
    const chosen =
      account === undefined ? [...reports.values()] : [...reports.values()].filter((each) => each.account === account);
    const resting =
      account === undefined
        ? this.fleet.cooldowns.all(this.clock.nowMs())
        : chosen.flatMap(({ cooldowns }) => cooldowns);
    for (const each of chosen) this.fleet.quota.forget(each.account);
    for (const candidate of this.groups.deployments.map(candidateOf)) {
      if (account !== undefined && candidate.account !== account) continue;
      this.fleet.books.forget(candidate.deployment.id);
      for (const scope of Object.values(candidate.scopes)) this.fleet.cooldowns.forgive(scope);
    }
    return [...new Set(resting.map(({ scope }) => scope))].filter((scope) => this.fleet.endCooldown(scope));
  }

  private accountReport(account: string, nowMs: number): AccountReport {
    const record = this.fleet.quota.recordOf(account);
    return {
      account,
      deployments: [],
      inFlight: this.fleet.books.ofAccount(account),
      planType: record?.planType,
      credits: record?.credits,
      resetCredits: record?.resetCredits,
      windows: (record?.windows ?? []).map((window) => ({ ...window, usedPercent: usedPercentAt(window, nowMs) })),
      cooldowns: [],
    };
  }

  /** Models that wildcards led to have scopes of their own. */
  private modelsOf(account: string, resting: readonly Cooldown[]): readonly Cooldown[] {
    return resting.filter(({ scope }) => {
      const { kind, name } = partsOfScope(scope);
      return kind === 'model' && name.startsWith(`${account} `);
    });
  }
}
