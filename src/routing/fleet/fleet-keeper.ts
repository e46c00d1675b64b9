import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type CredentialLook, RefreshedAccessTokens } from '../../auth/refreshed-access-tokens';
import { type Deployment } from '../../config/deployment';
import { BoundedMap } from '../../kernel/bounded-map';
import { Clock } from '../../kernel/clock';
import { SharedCache } from '../../state/shared-cache';
import { UsageSource } from '../../upstream/usage-source';
import { partsOfScope } from '../choice/candidate';
import { ModelGroups } from '../model-groups';
import { Fleet } from './fleet';

/** Between two looks at everything, milliseconds. */
const tickMs = 1_000;
/** The first question for quota waits until the start is over, milliseconds. */
const firstPollMs = 30_000;
/** A used-up account is asked this often whether it was reset early, milliseconds. */
const exhaustedPollMs = 300_000;

const mostOwners = 1_000;

type Looks = ReadonlyMap<string, CredentialLook>;

/**
 * Does behind the calls what none of them should wait for: tells other replicas the news of plans, asks silent accounts for
 * their quota, and ends the rest of a credential that was replaced.
 */
@Injectable()
export class FleetKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private startedMs = 0;
  private isPolling = false;
  /** How the login of a quarantined account looked when it was refused. */
  private readonly refusedLogins = new Map<string, string>();
  /** Whose each credential was at the last look; kept over a reload that takes a name away for a while. */
  private readonly owners = new BoundedMap<string>(mostOwners);
  private readonly polledAtMs = new Map<string, number>();

  // eslint-disable-next-line max-params -- the two ports that it asks, the state it keeps, and the clock
  constructor(
    @Inject(Fleet) private readonly fleet: Fleet,
    private readonly groups: ModelGroups,
    private readonly tokens: RefreshedAccessTokens,
    private readonly usage: UsageSource,
    private readonly cache: SharedCache,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.startedMs = this.clock.nowMs();
    this.timer = setInterval(() => {
      this.tick();
    }, tickMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.fleet.close();
  }

  private tick(): void {
    this.fleet.shareQuota();
    const looks = this.tokens.looks();
    this.welcomeOthers(looks);
    this.liftQuarantines(looks);
    if (!this.isPolling) void this.poll();
  }

  /** A person, or another program, has signed in again or put another token in its place: the account is as good as new. */
  private liftQuarantines(looks: Looks): void {
    const quarantined = this.fleet.cooldowns.all(this.clock.nowMs()).filter(({ kind }) => kind === 'quarantine');
    if (quarantined.length === 0) {
      this.refusedLogins.clear();
      return;
    }
    for (const { scope } of quarantined) {
      const look = looks.get(partsOfScope(scope).name)?.mark;
      if (look === undefined) continue;
      const refused = this.refusedLogins.get(scope);
      this.refusedLogins.set(scope, look);
      if (refused !== undefined && refused !== look) this.fleet.endCooldown(scope);
    }
  }

  /** A credential that is another account's by now has that one's plan and models: nothing of the one before counts. */
  private welcomeOthers(looks: Looks): void {
    for (const [name, { owner }] of looks) {
      const before = this.owners.get(name);
      if (owner === undefined || owner === before) continue;
      this.owners.set(name, owner);
      if (before === undefined) continue;
      this.fleet.quota.forget(name);
      this.polledAtMs.delete(name);
      for (const { scope } of this.fleet.cooldowns.all(this.clock.nowMs())) {
        if (scope === `account ${name}` || scope.startsWith(`model ${name} `)) this.fleet.endCooldown(scope);
      }
    }
  }

  /** Asks the accounts that were silent for too long, one replica for all. Never fails. */
  private async poll(): Promise<void> {
    const everyMs = this.groups.routing.quotaPollMs;
    const nowMs = this.clock.nowMs();
    if (everyMs === 0 || nowMs - this.startedMs < Math.min(firstPollMs, everyMs)) return;
    this.isPolling = true;
    try {
      for (const target of this.accounts()) {
        if (this.isDue(target, everyMs, nowMs)) await this.ask(target, everyMs);
      }
    } finally {
      this.isPolling = false;
    }
  }

  private isDue({ credential }: Deployment, everyMs: number, nowMs: number): boolean {
    const cooldown = this.fleet.cooldowns.of(`account ${credential.name}`, nowMs);
    if (cooldown?.kind === 'quarantine') return false;
    const pauseMs = cooldown?.kind === 'quota' ? Math.min(exhaustedPollMs, everyMs) : everyMs;
    const seenAtMs = this.fleet.quota.recordOf(credential.name)?.seenAtMs ?? 0;
    const polledAtMs = this.polledAtMs.get(credential.name) ?? 0;
    return nowMs - Math.max(seenAtMs, polledAtMs) >= pauseMs;
  }

  private async ask(target: Deployment, everyMs: number): Promise<void> {
    const { name } = target.credential;
    this.polledAtMs.set(name, this.clock.nowMs());
    const isOurs = await this.cache.claim(`quota:v1:${name}`, Math.min(exhaustedPollMs, everyMs) / 2);
    if (!isOurs) return;
    this.fleet.quotaSaid(name, await this.usage.ask(target), 'poll');
  }

  /** One Codex deployment of each account. */
  private accounts(): readonly Deployment[] {
    const codex = this.groups.deployments.filter(
      ({ provider, mockResponse }) => provider === 'codex' && mockResponse === undefined,
    );
    return [...new Map(codex.map((each) => [each.credential.name, each])).values()];
  }
}
