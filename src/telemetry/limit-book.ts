import { endlessMax } from '../kernel/limits';
import { dollarsFromNanos } from '../kernel/money';
import { type LimitMove, type LimitReading } from '../kernel/observations';
import { type GatewayMetrics } from './gateway-metrics';
import { nameLabel } from './label-values';
import { none } from './request-series';
import { type BudgetGauges } from './metrics/book-metrics';

const msPerHour = 3_600_000;

/**
 * The newest reading of every limit. Requests only leave their readings here; what gauges show is worked out when they are
 * scraped, because a period that is over has its whole budget left without anybody asking for it.
 */
export class LimitBook {
  private readonly readings = new Map<string, Known>();
  /** Names of the readings of each holder. */
  private readonly byHolder = new Map<string, Set<string>>();

  /** `maxReadings` bounds the memory; the ones read first are forgotten first. */
  constructor(
    private readonly metrics: GatewayMetrics,
    private readonly nowMs: () => number,
    private readonly maxReadings: number,
  ) {}

  seen(reading: LimitReading): void {
    // A soft budget alone refuses nothing and is shown to nobody.
    if (reading.max >= endlessMax) return;
    const key = keyOf(reading);
    const known = this.readings.get(key);
    if (known === undefined) {
      this.makeRoom(key, reading);
      this.readings.set(key, { reading, used: reading.used });
    } else {
      known.reading = reading;
      known.used = reading.used;
    }
  }

  /** Whether anything of this holder was read. */
  knows(scope: LimitReading['scope'], scopeId: string): boolean {
    return this.byHolder.has(holderOf({ scope, scopeId }));
  }

  /** Everybody of whom something was read. */
  holders(): readonly Pick<LimitReading, 'scope' | 'scopeId'>[] {
    return [...this.byHolder.values()].flatMap((keys) => {
      const [first = ''] = keys;
      const known = this.readings.get(first);
      return known === undefined ? [] : [{ scope: known.reading.scope, scopeId: known.reading.scopeId }];
    });
  }

  /** What a holder is held to is another, or it is gone: these readings take the place of all that were known of it. */
  replace(scope: LimitReading['scope'], scopeId: string, readings: readonly LimitReading[]): void {
    for (const key of this.byHolder.get(holderOf({ scope, scopeId })) ?? []) this.readings.delete(key);
    this.byHolder.delete(holderOf({ scope, scopeId }));
    for (const reading of readings) this.seen(reading);
  }

  /** Of readings of another period than the request's nothing is moved. */
  moved({ limits, nanos, tokens }: LimitMove): void {
    for (const limit of limits) {
      const by = limit.limit === 'nano_usd' ? nanos : limit.limit === 'tokens' ? tokens : 0;
      const key = keyOf(limit);
      const known = by === 0 ? undefined : this.readings.get(key);
      if (known === undefined || known.reading.resetAtMs !== limit.resetAtMs) continue;
      known.used = Math.max(0, known.used + by);
    }
  }

  /** Writes the gauges. */
  publish(): void {
    const { limits } = this.metrics;
    const all = [limits.keyBudget, limits.teamBudget, limits.userBudget, limits.customerBudget];
    for (const gauges of all) gauges.forget();
    for (const gauge of [limits.used, limits.keyRequests, limits.keyTokens]) gauge.forget();
    const nowMs = this.nowMs();
    const tightest = new Map<string, Standing>();
    for (const newest of this.readings.values()) {
      const { reading } = newest;
      const standing = standingOf(newest, nowMs);
      this.showUsed(standing);
      this.showForModel(standing);
      if (reading.limit !== 'nano_usd' || reading.model !== undefined) continue;
      const key = `${reading.scope}\n${reading.scopeId}`;
      const known = tightest.get(key);
      if (known === undefined || standing.left < known.left) tightest.set(key, standing);
    }
    for (const standing of tightest.values()) this.showBudget(standing, nowMs);
  }

  private showUsed({ reading, used }: Standing): void {
    const { scope, scopeId, name, model, limit, period, max } = reading;
    // How many run at once is old news by the next scrape.
    if (limit === 'parallel' || !this.mayTell(scope)) return;
    const values = [scope, nameLabel(scopeId), nameLabel(name ?? none), nameLabel(model ?? none), limit, period];
    this.metrics.limits.used.put(values, max > 0 ? used / max : 1);
  }

  /** LiteLLM has one budget a scope; of several, the one with the least left decides what comes next. */
  private showBudget({ reading, left }: Standing, nowMs: number): void {
    const gauges = this.gaugesOf(reading.scope);
    if (gauges === undefined) return;
    const values = labelsOf(reading);
    gauges.remaining.put(values, dollarsFromNanos(left));
    gauges.max.put(values, dollarsFromNanos(reading.max));
    const { resetAtMs } = reading;
    if (resetAtMs !== undefined) gauges.hours.put(values, Math.max(0, resetAtMs - nowMs) / msPerHour);
  }

  private showForModel({ reading, left }: Standing): void {
    const { scope, scopeId, name, model, limit, period } = reading;
    if (scope !== 'key' || model === undefined || period !== 'window') return;
    const { keyRequests, keyTokens } = this.metrics.limits;
    const gauge = limit === 'requests' ? keyRequests : limit === 'tokens' ? keyTokens : undefined;
    gauge?.put([nameLabel(scopeId), nameLabel(name ?? none), nameLabel(model), none], left);
  }

  private gaugesOf(scope: LimitReading['scope']): BudgetGauges | undefined {
    const { limits } = this.metrics;
    if (scope === 'key') return limits.keyBudget;
    if (scope === 'team') return limits.teamBudget;
    if (scope === 'user') return limits.userBudget.isShown ? limits.userBudget : undefined;
    return scope === 'customer' && limits.customerBudget.isShown ? limits.customerBudget : undefined;
  }

  private mayTell(scope: LimitReading['scope']): boolean {
    if (scope === 'user' || scope === 'member') return this.metrics.tellsUsers;
    return scope === 'customer' ? this.metrics.tellsCustomers : true;
  }

  /** A limit that was not read before: every request tells of all that hold for it, and most are known. */
  private makeRoom(key: string, reading: LimitReading): void {
    if (this.readings.size >= this.maxReadings) this.forgetOldest();
    const holder = holderOf(reading);
    const own = this.byHolder.get(holder) ?? new Set<string>();
    this.byHolder.set(holder, own.add(key));
  }

  private forgetOldest(): void {
    for (const [key, { reading }] of this.readings) {
      this.readings.delete(key);
      const own = this.byHolder.get(holderOf(reading));
      own?.delete(key);
      if (own?.size === 0) this.byHolder.delete(holderOf(reading));
      return;
    }
  }
}

function keyOf({ scope, scopeId, model, limit, period }: LimitReading): string {
  return `${scope}\n${scopeId}\n${model}\n${limit}\n${period}`;
}

function holderOf({ scope, scopeId }: Pick<LimitReading, 'scope' | 'scopeId'>): string {
  return `${scope}\n${scopeId}`;
}

/** The newest reading of a limit, and what is used of it with what settled since. */
interface Known {
  reading: LimitReading;
  used: number;
}

/** A reading as it stands now. */
interface Standing {
  readonly reading: LimitReading;
  readonly used: number;
  readonly left: number;
}

function standingOf({ reading, used: known }: Known, nowMs: number): Standing {
  const isOver = reading.resetAtMs !== undefined && reading.resetAtMs <= nowMs;
  const used = isOver ? 0 : known;
  return { reading, used, left: Math.max(0, reading.max - used) };
}

function labelsOf({ scope, scopeId, name }: LimitReading): readonly string[] {
  const id = nameLabel(scopeId);
  return scope === 'key' || scope === 'team' ? [id, nameLabel(name ?? none)] : [id];
}
