import { type Deployment } from '../../config/deployment';
import { type RoutingSettings } from '../../config/routing-settings';
import { type Clock } from '../../kernel/clock';
import { type CooldownRecord } from '../../kernel/observations';
import { type Observer } from '../../kernel/observer';
import { type PlanQuota } from '../../kernel/plan-quota';
import { type UpstreamFailure } from '../../kernel/upstream-failure';
import { type BoardListener, type RoutingBoard } from '../board/routing-board';
import { type Candidate, partsOfScope } from '../choice/candidate';
import { overflowHeadroom } from '../quota/headroom';
import { QuotaBook } from '../quota/quota-book';
import { type QuotaRecord, type QuotaSource } from '../quota/quota-record';
import { type Hindrance } from '../trouble/all-out';
import { type Cooldown } from '../trouble/cooldown';
import { cooldownFor } from '../trouble/cooldown-rule';
import { CallBooks } from './call-books';
import { CooldownMemory, type ProbeClaim } from './cooldown-memory';
import { Lease, type LeaseEnd } from './lease';
import { WaitingRoom } from './waiting-room';

/** What the fleet needs of the rest of the house. */
export interface FleetParts {
  readonly board: RoutingBoard;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly claim: ProbeClaim;
}

/** Which other ways a group has besides the deployment that failed. */
export interface OtherWays {
  readonly deployment: boolean;
  readonly account: boolean;
  readonly route: boolean;
}

const minuteMs = 60_000;

/** Everything that is known of the deployments of this installation: what rests, what is left, who is busy. */
export class Fleet {
  readonly books = new CallBooks();
  readonly quota = new QuotaBook();
  readonly waiting = new WaitingRoom();
  readonly cooldowns: CooldownMemory;
  private readonly stopListening: () => void;

  constructor(private readonly parts: FleetParts) {
    this.cooldowns = new CooldownMemory(parts.claim);
    this.stopListening = parts.board.listen(this.listener());
  }

  /** Why a deployment cannot be called now; undefined when it can. @param inFlightAt over all replicas; asked only when it matters. */
  hindranceOf(
    candidate: Candidate,
    settings: RoutingSettings,
    inFlightAt: (candidate: Candidate) => number,
    nowMs: number,
  ): Hindrance | undefined {
    const { routing } = candidate.deployment;
    if (routing?.isBlocked === true) return { kind: 'paused' };
    const cooldown = this.cooldowns.hindering(candidate, nowMs);
    if (cooldown !== undefined) return { kind: 'resting', cooldown };
    const most = mostParallel(candidate.deployment, settings);
    if (most !== Number.POSITIVE_INFINITY && inFlightAt(candidate) >= most) return { kind: 'busy' };
    return settings.enforcesRates || isUsageBased(settings) ? this.rateHindrance(candidate, nowMs) : undefined;
  }

  /** See `Ground.headroom`. @param elsewhere calls of other replicas in flight there. */
  headroomOf({ deployment, account }: Candidate, elsewhere: number, nowMs: number): number {
    if (deployment.provider !== 'codex') return overflowHeadroom;
    return this.quota.headroom(account, this.books.ofAccount(account) + elsewhere, nowMs);
  }

  /** A call takes a place at a deployment. @param probed the cooldown that it is to find out about. */
  begin(candidate: Candidate, probed?: string): Lease {
    const { clock } = this.parts;
    const monotonicMs = clock.monotonicMs();
    this.books.began(candidate);
    this.books.historyOf(candidate).began(monotonicMs);
    if (probed !== undefined) this.cooldowns.probing(probed);
    return new Lease(candidate, { atMs: clock.nowMs(), monotonicMs, probed }, this.over);
  }

  /** The answer has begun. */
  contentCame(lease: Lease): void {
    lease.hasContent = true;
    const nowMs = this.parts.clock.monotonicMs();
    const history = this.books.historyOf(lease.candidate);
    history.measured(nowMs, nowMs - lease.start.monotonicMs);
    history.succeeded(nowMs);
    for (const scope of this.cooldowns.succeeded(lease.candidate, lease.start.atMs)) this.tellEnd(scope);
  }

  /** A call failed: whoever is to blame rests. @returns the cooldown that it brought. */
  failed(lease: Lease, failure: UpstreamFailure, settings: RoutingSettings, others: OtherWays): Cooldown | undefined {
    const { candidate } = lease;
    this.quotaSaid(candidate.account, failure.details.quota, 'headers');
    if (failure.blame === 'request' || failure.blame === 'client') return undefined;
    const { clock } = this.parts;
    const monotonicMs = clock.monotonicMs();
    const nowMs = clock.nowMs();
    const history = this.books.historyOf(candidate);
    if (!lease.hasContent) history.failed(monotonicMs, failure.kind);
    const strikes = new Map(Object.values(candidate.scopes).map((scope) => [scope, 0]));
    const struck = struckScope(candidate, failure);
    if (struck !== undefined) strikes.set(struck, this.cooldowns.strike(struck, nowMs));
    const cooldown = cooldownFor(failure, {
      candidate,
      settings: settings.cooldown,
      nowMs,
      afterContent: lease.hasContent,
      others,
      strikes: (scope) => strikes.get(scope) ?? 0,
      minute: history.minute(monotonicMs),
      failuresWithin: (windowMs, kind) => history.failuresWithin(monotonicMs, windowMs, kind),
      windowResetMs: this.quota.exhaustedUntil(candidate.account, nowMs),
    });
    if (cooldown !== undefined) this.cool(cooldown);
    return cooldown;
  }

  /** Leaves something alone, on all replicas. */
  cool(cooldown: Cooldown): void {
    if (cooldown.untilMs <= cooldown.sinceMs) return;
    const { counts, isNew } = this.cooldowns.add(cooldown);
    if (!isNew) return;
    this.parts.board.cool(counts);
    this.parts.observer.cooldownChanged(recordOf(counts.scope, counts));
  }

  /** Ends a cooldown before its time, on all replicas. @returns false when there is none. */
  endCooldown(scope: string): boolean {
    const ended = this.cooldowns.end(scope, this.parts.clock.nowMs());
    if (ended) this.tellEnd(scope);
    return ended;
  }

  /** The upstream said something about an account's plan. */
  quotaSaid(account: string, quota: PlanQuota | undefined, source: QuotaSource): void {
    if (quota === undefined) return;
    const nowMs = this.parts.clock.nowMs();
    if (!this.quota.said(account, quota, source, nowMs)) return;
    this.parts.observer.accountQuotaSeen({ account, quota });
    if (source === 'poll' && this.quota.hasRoom(account, nowMs)) this.cooldowns.allowProbe(`account ${account}`, nowMs);
  }

  /** Tells the other replicas what is new of plans. */
  shareQuota(): void {
    for (const [account, record] of this.quota.takeNews(this.parts.clock.nowMs())) {
      this.parts.board.quotaKnown(account, record);
    }
  }

  close(): void {
    this.stopListening();
    this.parts.board.close();
  }

  private listener(): BoardListener {
    const { clock, observer } = this.parts;
    return {
      cooled: (cooldown) => {
        if (cooldown.untilMs <= clock.nowMs() || !this.cooldowns.add(cooldown).isNew) return;
        observer.cooldownChanged(recordOf(cooldown.scope, cooldown));
      },
      cleared: (scope, atMs) => {
        if (!this.cooldowns.end(scope, atMs)) return;
        observer.cooldownChanged(recordOf(scope, undefined));
        this.waiting.changed();
      },
      quotaKnown: (account: string, record: QuotaRecord) => {
        const known = this.quota.heard(account, record);
        observer.accountQuotaSeen({ account, quota: { ...known, activeLimit: undefined } });
      },
    };
  }

  private rateHindrance(candidate: Candidate, nowMs: number): Hindrance | undefined {
    const { rpm, tpm } = candidate.deployment.routing ?? {};
    if (rpm === undefined && tpm === undefined) return undefined;
    const monotonicMs = this.parts.clock.monotonicMs();
    const { requests, tokens } = this.books.historyOf(candidate).minute(monotonicMs);
    const isFull = requests >= (rpm ?? Number.POSITIVE_INFINITY) || tokens >= (tpm ?? Number.POSITIVE_INFINITY);
    return isFull ? { kind: 'rate', untilMs: nowMs + minuteMs - (monotonicMs % minuteMs) } : undefined;
  }

  private readonly over = (lease: Lease, { failure, usage, succeeded }: LeaseEnd): void => {
    const { candidate } = lease;
    const { probed } = lease.start;
    this.books.ended(candidate);
    this.quota.called(candidate.account);
    if (usage !== undefined) {
      const history = this.books.historyOf(candidate);
      history.used(this.parts.clock.monotonicMs(), usage.inputTokens + usage.outputTokens);
    }
    if (probed !== undefined && !succeeded) {
      if (failure?.blame === 'account') this.cooldowns.probeOver(probed);
      else this.cooldowns.probeWasted(probed);
    }
    this.waiting.changed();
  };

  private tellEnd(scope: string): void {
    this.parts.board.clear(scope, this.parts.clock.nowMs());
    this.parts.observer.cooldownChanged(recordOf(scope, undefined));
    this.waiting.changed();
  }
}

/** Which scope a failure counts against, in a row. */
function struckScope({ scopes }: Candidate, { blame }: UpstreamFailure): string | undefined {
  if (blame === 'account') return scopes.account;
  return blame === 'edge' || blame === 'network' ? scopes.route : undefined;
}

/** LiteLLM's rule: what is set, else requests in a minute, else six for each thousand tokens, else the default. */
export function mostParallel({ routing }: Deployment, { defaultMaxParallel }: RoutingSettings): number {
  if (routing?.maxParallel !== undefined) return routing.maxParallel;
  if (routing?.rpm !== undefined) return routing.rpm;
  if (routing?.tpm !== undefined) return Math.max(Math.floor((routing.tpm / 1_000) * 6), 1);
  return defaultMaxParallel ?? Number.POSITIVE_INFINITY;
}

function isUsageBased({ strategy }: RoutingSettings): boolean {
  return (
    strategy === 'usage-based-routing' || strategy === 'usage-based-routing-v2' || strategy === 'cost-based-routing'
  );
}

function recordOf(scope: string, cooldown: Cooldown | undefined): CooldownRecord {
  const { kind, name } = partsOfScope(scope);
  return { scope: kind, name, kind: cooldown?.kind ?? '', untilMs: cooldown?.untilMs };
}
