import { type ThrottlerStorage } from '@nestjs/throttler';
import { type Clock } from '../kernel/clock';
import { BoundedMap } from '../kernel/bounded-map';
import { parseNetwork } from '../kernel/networks';

/** What is counted of one name. On `Clock.monotonicMs`. */
interface Tally {
  hits: number;
  endsMs: number;
  blockedUntilMs: number;
}

/** How a name stands after a hit; milliseconds. */
export interface Hit {
  readonly hits: number;
  readonly endsInMs: number;
  /** Above 0: refuse for so long. */
  readonly blockedForMs: number;
}

/** How much is let through. Milliseconds. */
export interface HitRule {
  readonly windowMs: number;
  readonly limit: number;
  readonly blockMs: number;
}

/**
 * Counts hits of names, such as addresses, in windows of time; bounded, the oldest name goes first. The library's own
 * memory store keeps a timer a hit, which is dear under attack.
 */
export class HitCounter implements ThrottlerStorage {
  private readonly tallies: BoundedMap<Tally>;

  constructor(
    private readonly clock: Clock,
    mostNames = 10_000,
  ) {
    this.tallies = new BoundedMap(mostNames);
  }

  /** How many names are remembered. */
  get size(): number {
    return this.tallies.size;
  }

  hit(name: string, { windowMs, limit, blockMs }: HitRule): Hit {
    const nowMs = this.clock.monotonicMs();
    const tally = this.tallyOf(name, nowMs, windowMs);
    if (tally.blockedUntilMs <= nowMs) {
      tally.hits += 1;
      if (tally.hits > limit) tally.blockedUntilMs = nowMs + blockMs;
    }
    const blockedForMs = Math.max(0, tally.blockedUntilMs - nowMs);
    return { hits: tally.hits, endsInMs: Math.max(0, tally.endsMs - nowMs), blockedForMs };
  }

  /** How long a name is to be refused still; counts nothing. */
  blockedForMs(name: string): number {
    return Math.max(0, (this.tallies.get(name)?.blockedUntilMs ?? 0) - this.clock.monotonicMs());
  }

  /** For `ThrottlerGuard`, which counts in milliseconds and answers in seconds. */
  increment(
    name: string,
    ttl: number,
    limit: number,
    blockDuration: number,
  ): ReturnType<ThrottlerStorage['increment']> {
    const { hits, endsInMs, blockedForMs } = this.hit(name, { windowMs: ttl, limit, blockMs: blockDuration });
    return Promise.resolve({
      totalHits: hits,
      timeToExpire: Math.ceil(endsInMs / 1_000),
      isBlocked: blockedForMs > 0,
      timeToBlockExpire: Math.ceil(blockedForMs / 1_000),
    });
  }

  private tallyOf(name: string, nowMs: number, windowMs: number): Tally {
    const known = this.tallies.get(name);
    if (known !== undefined && Math.max(known.endsMs, known.blockedUntilMs) > nowMs) return known;
    const fresh = { hits: 0, endsMs: nowMs + windowMs, blockedUntilMs: 0 };
    this.tallies.set(name, fresh);
    return fresh;
  }
}

/** Wrong keys of one address in a minute before it is told to wait. */
export const failureRule: HitRule = { windowMs: 60_000, limit: 30, blockMs: 60_000 };

/** Who is behind an address: itself, or of IPv6 its network of 64 bits, which one person has whole. */
export function addressName(address: string): string {
  const bytes = parseNetwork(address)?.bytes;
  if (bytes === undefined) return address.slice(0, 64);
  const isV4 = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  return Buffer.from(isV4 ? bytes.subarray(12) : bytes.subarray(0, 8)).toString('hex');
}
