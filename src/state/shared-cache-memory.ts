import { type Clock } from '../kernel/clock';
import { SharedCache } from './shared-cache';

interface Kept {
  readonly value: string;
  readonly endsAtMs: number;
}

const mostEntries = 2_000;
const mostCharacters = 64 * 1024 * 1024;

/** This process's own. Bounded: the entries written longest ago go first. */
export class MemorySharedCache extends SharedCache {
  private readonly kept = new Map<string, Kept>();
  private readonly claims = new Map<string, number>();
  private characters = 0;

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {
    super();
  }

  get(key: string): Promise<string | undefined> {
    const kept = this.kept.get(key);
    if (kept !== undefined && kept.endsAtMs <= this.clock.monotonicMs()) this.forget(key);
    return Promise.resolve(this.kept.get(key)?.value);
  }

  set(key: string, value: string, ttlMs: number): Promise<void> {
    this.forget(key);
    if (value.length <= mostCharacters && ttlMs > 0) {
      this.kept.set(key, { value, endsAtMs: this.clock.monotonicMs() + ttlMs });
      this.characters += value.length;
    }
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= mostEntries && this.characters <= mostCharacters) break;
      this.forget(oldest);
    }
    return Promise.resolve();
  }

  claim(key: string, ttlMs: number): Promise<boolean> {
    const nowMs = this.clock.monotonicMs();
    if ((this.claims.get(key) ?? 0) > nowMs) return Promise.resolve(false);
    if (this.claims.size >= mostEntries) this.dropClaims(nowMs);
    this.claims.set(key, nowMs + ttlMs);
    return Promise.resolve(true);
  }

  private forget(key: string): void {
    this.characters -= this.kept.get(key)?.value.length ?? 0;
    this.kept.delete(key);
  }

  /** Lapsed ones, and when none has lapsed the oldest. */
  private dropClaims(nowMs: number): void {
    for (const [key, endsAtMs] of this.claims) if (endsAtMs <= nowMs) this.claims.delete(key);
    const [oldest] = this.claims.keys();
    if (this.claims.size >= mostEntries && oldest !== undefined) this.claims.delete(oldest);
  }
}
