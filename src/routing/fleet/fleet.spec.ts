import { candidate } from '../../../test/support/candidates';
import { MovedClock } from '../../../test/support/moved-clock';
import { defaultRouting } from '../../config/routing-settings';
import { type AccountQuotaRecord, type CooldownRecord } from '../../kernel/observations';
import { Observer } from '../../kernel/observer';
import { type FailureKind, UpstreamFailure, type UpstreamFailureOptions } from '../../kernel/upstream-failure';
import { LocalBoard } from '../board/local-board';
import { Fleet, mostParallel } from './fleet';

const hourMs = 3_600_000;
const others = { deployment: true, account: true, route: false };
const [a, b] = [candidate('a'), candidate('b')];

class Listening extends Observer {
  readonly cooldowns: CooldownRecord[] = [];
  readonly quotas: AccountQuotaRecord[] = [];
  override requestEnded(): void {
    throw new Error('not told here');
  }
  override attemptEnded(): void {
    throw new Error('not told here');
  }
  override cooldownChanged(record: CooldownRecord): void {
    this.cooldowns.push(record);
  }
  override accountQuotaSeen(record: AccountQuotaRecord): void {
    this.quotas.push(record);
  }
}

function world(isOurs: () => boolean = () => true): {
  fleet: Fleet;
  clock: MovedClock;
  observer: Listening;
  claims: string[];
} {
  const clock = new MovedClock();
  const observer = new Listening();
  const claims: string[] = [];
  const claim = (scope: string): Promise<boolean> => {
    claims.push(scope);
    return Promise.resolve(isOurs());
  };
  return { fleet: new Fleet({ board: new LocalBoard(), clock, observer, claim }), clock, observer, claims };
}

function failing(kind: FailureKind, details: Partial<UpstreamFailureOptions> = {}): UpstreamFailure {
  return new UpstreamFailure({ kind, message: 'x', ...details });
}

/** One call that fails at once. */
function fails(fleet: Fleet, failure: UpstreamFailure, at = a): void {
  const lease = fleet.begin(at);
  fleet.failed(lease, failure, defaultRouting, others);
  lease.end({ failure, succeeded: false });
}

const hindrance = (fleet: Fleet, clock: MovedClock, at = a): string | undefined => {
  const found = fleet.hindranceOf(at, defaultRouting, (each) => fleet.books.inFlight(each), clock.nowMs());
  return found?.kind === 'resting' ? found.cooldown.kind : found?.kind;
};

/** Asks, and asks again when the claim has been answered. */
async function mayProbe(fleet: Fleet, clock: MovedClock): Promise<boolean> {
  const running = fleet.cooldowns.hindering(a, clock.nowMs());
  if (running === undefined) throw new Error('it ought to rest');
  fleet.cooldowns.mayProbe(running, clock.nowMs());
  await Promise.resolve();
  return fleet.cooldowns.mayProbe(running, clock.nowMs());
}

const freshWeek = (clock: MovedClock) => ({
  planType: 'plus',
  activeLimit: undefined,
  credits: undefined,
  windows: [{ limit: 'codex', minutes: 10_080, usedPercent: 1, resetAtMs: clock.nowMs() + 160 * hourMs }],
});

describe('an account that rests', () => {
  it('is used again when the time is over', () => {
    const { fleet, clock } = world();
    fails(fleet, failing('rate_limited', { retryAfterMs: 2_000 }));
    expect([hindrance(fleet, clock), hindrance(fleet, clock, b)]).toEqual(['burst', undefined]);
    clock.aheadMs += 2_001;
    expect(hindrance(fleet, clock)).toBeUndefined();
  });

  it('is not used earlier because of a call that was under way before', () => {
    const { fleet, clock } = world();
    const early = fleet.begin(a);
    clock.aheadMs += 10;
    fails(fleet, failing('rate_limited', { retryAfterMs: 60_000 }));
    fleet.contentCame(early);
    expect(hindrance(fleet, clock)).toBe('burst');
  });

  it('is looked into once before a long wait is over, and used again when that succeeds', async () => {
    const { fleet, clock, claims } = world();
    const resetAtMs = clock.nowMs() + 4 * hourMs;
    fails(fleet, failing('quota_exhausted', { resetAtMs }));
    const running = fleet.cooldowns.hindering(a, clock.nowMs());
    if (running === undefined) throw new Error('it ought to rest');
    expect(fleet.cooldowns.mayProbe(running, clock.nowMs())).toBe(false);
    clock.aheadMs += 2 * hourMs + 1;
    expect(fleet.cooldowns.mayProbe(running, clock.nowMs())).toBe(false);
    await Promise.resolve();
    expect(fleet.cooldowns.mayProbe(running, clock.nowMs())).toBe(true);
    const lease = fleet.begin(a, running.scope);
    expect(fleet.cooldowns.mayProbe(running, clock.nowMs())).toBe(false);
    expect(claims).toEqual([expect.stringMatching(new RegExp(`^${a.scopes.account} \\d+$`))]);
    fleet.contentCame(lease);
    lease.end({ succeeded: true });
    expect(hindrance(fleet, clock)).toBeUndefined();
  });

  it('goes on resting when the look into it fails, without a second one', async () => {
    const { fleet, clock } = world();
    const failure = failing('quota_exhausted', { resetAtMs: clock.nowMs() + 4 * hourMs });
    fails(fleet, failure);
    const running = fleet.cooldowns.hindering(a, clock.nowMs());
    if (running === undefined) throw new Error('it ought to rest');
    clock.aheadMs += 3 * hourMs;
    fleet.cooldowns.mayProbe(running, clock.nowMs());
    await Promise.resolve();
    const lease = fleet.begin(a, running.scope);
    fleet.failed(lease, failure, defaultRouting, others);
    lease.end({ failure, succeeded: false });
    expect(hindrance(fleet, clock)).toBe('quota');
    expect(fleet.cooldowns.mayProbe(running, clock.nowMs())).toBe(false);
  });

  it('may be looked into again by another call when the first one’s client left', async () => {
    const { fleet, clock } = world();
    fails(fleet, failing('quota_exhausted', { resetAtMs: clock.nowMs() + 4 * hourMs }));
    clock.aheadMs += 3 * hourMs;
    const running = fleet.cooldowns.hindering(a, clock.nowMs());
    if (running === undefined) throw new Error('it ought to rest');
    fleet.cooldowns.mayProbe(running, clock.nowMs());
    await Promise.resolve();
    fleet.begin(a, running.scope).end({ succeeded: false });
    expect(fleet.cooldowns.mayProbe(running, clock.nowMs())).toBe(true);
  });

  it('may be looked into at once when a poll says that there is room again', () => {
    const { fleet, clock } = world();
    fails(fleet, failing('quota_exhausted', { resetAtMs: clock.nowMs() + 4 * hourMs }));
    const quota = {
      planType: 'plus',
      activeLimit: undefined,
      credits: undefined,
      windows: [{ limit: 'codex', minutes: 300, usedPercent: 3, resetAtMs: clock.nowMs() + 5 * hourMs }],
    };
    fleet.quotaSaid(a.account, quota, 'poll');
    expect(fleet.cooldowns.hindering(a, clock.nowMs())?.probeAtMs).toBeLessThanOrEqual(clock.nowMs());
  });

  it('may be looked into again when a poll says so, also after a look that failed', async () => {
    const { fleet, clock, claims } = world();
    const resetAtMs = clock.nowMs() + 160 * hourMs;
    const failure = failing('quota_exhausted', { resetAtMs });
    fails(fleet, failure);
    clock.aheadMs += 81 * hourMs;
    expect(await mayProbe(fleet, clock)).toBe(true);
    const lease = fleet.begin(a, a.scopes.account);
    fleet.failed(lease, failure, defaultRouting, others);
    lease.end({ failure, succeeded: false });
    expect(await mayProbe(fleet, clock)).toBe(false);
    clock.aheadMs += hourMs;
    fleet.quotaSaid(a.account, freshWeek(clock), 'poll');
    expect(await mayProbe(fleet, clock)).toBe(true);
    // Else the claim of the first look, which lasts as long as the rest would have, bars the way.
    expect(new Set(claims).size).toBe(2);
  });

  it('may be looked into when a poll says so, also after a look that another replica had', async () => {
    let isOurs = false;
    const { fleet, clock } = world(() => isOurs);
    fails(fleet, failing('quota_exhausted', { resetAtMs: clock.nowMs() + 160 * hourMs }));
    clock.aheadMs += 81 * hourMs;
    expect(await mayProbe(fleet, clock)).toBe(false);
    isOurs = true;
    expect(await mayProbe(fleet, clock)).toBe(false);
    fleet.quotaSaid(a.account, freshWeek(clock), 'poll');
    expect(await mayProbe(fleet, clock)).toBe(true);
  });

  it('is used again when a person wants it', () => {
    const { fleet, clock, observer } = world();
    fails(fleet, failing('unauthorized', { upstreamStatus: 401 }));
    expect(hindrance(fleet, clock)).toBe('quarantine');
    expect(fleet.endCooldown(a.scopes.account)).toBe(true);
    expect(fleet.endCooldown(a.scopes.account)).toBe(false);
    expect(hindrance(fleet, clock)).toBeUndefined();
    expect(
      observer.cooldowns.map(({ scope, name, kind, untilMs }) => [scope, name, kind, untilMs === undefined]),
    ).toEqual([
      ['account', 'account-a', 'quarantine', false],
      ['account', 'account-a', '', true],
    ]);
  });

  it('is asked less and less often while its login is refused, until it works', () => {
    const { fleet, clock } = world();
    const rests = (): number => {
      fails(fleet, failing('unauthorized', { upstreamStatus: 401 }));
      const untilMs = fleet.cooldowns.hindering(a, clock.nowMs())?.untilMs ?? 0;
      const restMs = untilMs - clock.nowMs();
      clock.aheadMs += restMs + 1;
      return Math.round(restMs / 60_000);
    };
    expect([rests(), rests(), rests()]).toEqual([1, 2, 4]);
    fleet.contentCame(fleet.begin(a));
    expect(rests()).toBe(1);
  });
});

describe('what is left of a plan', () => {
  it('is shown by every replica as the newest that any of them heard', () => {
    const clock = new MovedClock();
    const board = new LocalBoard();
    const claim = (): Promise<boolean> => Promise.resolve(true);
    const [here, there] = [new Listening(), new Listening()];
    const [called, silent] = [here, there].map((observer) => new Fleet({ board, clock, observer, claim }));
    const used = (usedPercent: number, resetAtMs: number) => {
      const windows = [{ limit: 'codex', minutes: 300, usedPercent, resetAtMs }];
      return { planType: 'plus', activeLimit: 'codex', credits: undefined, windows };
    };
    silent?.quotaSaid('team', used(95, clock.nowMs() + hourMs), 'headers');
    silent?.shareQuota();
    clock.aheadMs += 2 * hourMs;
    called?.quotaSaid('team', used(3, clock.nowMs() + 5 * hourMs), 'headers');
    called?.shareQuota();
    const quota = { planType: 'plus', windows: [{ minutes: 300, usedPercent: 3 }] };
    expect(there.quotas.at(-1)).toMatchObject({ account: 'team', quota });
  });
});

describe('who is busy', () => {
  it('follows from what the deployment is allowed, as LiteLLM works it out', () => {
    const limitOf = (routing: object): number =>
      mostParallel(candidate(JSON.stringify(routing), routing).deployment, {
        ...defaultRouting,
        defaultMaxParallel: 9,
      });
    expect([{ maxParallel: 2, rpm: 5 }, { rpm: 5, tpm: 9 }, { tpm: 2_000 }, { tpm: 1 }, {}].map(limitOf)).toEqual([
      2, 5, 12, 1, 9,
    ]);
  });

  it('is told by the places in use, which come back once each', () => {
    const { fleet, clock } = world();
    const narrow = candidate('narrow', { maxParallel: 1 });
    const lease = fleet.begin(narrow);
    expect(hindrance(fleet, clock, narrow)).toBe('busy');
    lease.end({ succeeded: true });
    lease.end({ succeeded: true });
    expect(fleet.books.inFlight(narrow)).toBe(0);
    expect(fleet.books.ofAccount(narrow.account)).toBe(0);
    expect(hindrance(fleet, clock, narrow)).toBeUndefined();
  });

  it('is told by requests in a minute where the operator enforces them', () => {
    const { fleet, clock } = world();
    const limited = candidate('limited', { rpm: 2 });
    for (const lease of [fleet.begin(limited), fleet.begin(limited)]) lease.end({ succeeded: true, usage: undefined });
    const enforced = { ...defaultRouting, enforcesRates: true };
    expect(fleet.hindranceOf(limited, enforced, () => 0, clock.nowMs())?.kind).toBe('rate');
    expect(fleet.hindranceOf(limited, defaultRouting, () => 0, clock.nowMs())).toBeUndefined();
    clock.aheadMs += 60_000;
    expect(fleet.hindranceOf(limited, enforced, () => 0, clock.nowMs())).toBeUndefined();
  });
});
