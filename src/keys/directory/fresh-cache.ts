import { type Clock } from '../../kernel/clock';
import { type EntityRef } from '../../state/entities/entity';
import { type StateWatch } from './state-watch';

/** Something that was worked out from documents. */
export interface Loaded<T> {
  readonly value: T;
  /** The documents; a change of one makes the value stale. */
  readonly from: readonly EntityRef[];
  /** From this moment on the value is another, whatever is stored; Unix milliseconds. */
  readonly untilMs: number;
}

/** What is known of a key; `value` is undefined when there is nothing under it. */
export interface Known<T> {
  readonly value: T | undefined;
}

interface Entry<T> extends Known<T> {
  readonly from: readonly EntityRef[];
  readonly untilMs: number;
  readonly readAtMs: number;
  stale: boolean;
}

/** Bounds and hooks of a cache. */
export interface CacheOptions {
  readonly mostEntries: number;
  /** Of keys under which there is nothing; apart, so that guesses push nobody out. */
  readonly mostAbsent: number;
  /** The time of `untilMs`. */
  readonly nowMs: () => number;
  /** Told of a value whose documents changed. */
  readonly onStale?: (key: string) => void;
}

/**
 * What was worked out from the state, as long as it can be trusted. Bounded: what was loaded first goes first. A stale
 * value is never given out, whatever happens to the state; it is kept for whoever loads it anew.
 */
export class FreshCache<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly absent = new Map<string, Entry<T>>();
  private readonly users = new Map<string, Set<string>>();
  private readonly loading = new Map<string, Promise<Known<T>>>();

  constructor(
    private readonly watch: StateWatch,
    private readonly clock: Clock,
    private readonly options: CacheOptions,
  ) {
    watch.onChange((changed) => {
      this.spoil(changed);
    });
  }

  /** Undefined when it has to be loaded. */
  peek(key: string): Known<T> | undefined {
    const entry = this.entries.get(key) ?? this.absent.get(key);
    if (entry === undefined || entry.stale || this.options.nowMs() >= entry.untilMs) return undefined;
    return this.watch.trusts(entry.readAtMs) ? entry : undefined;
  }

  /**
   * Works the value out, once for all who ask meanwhile.
   *
   * @param work gets the value that was known last, however old. @throws whatever it throws; then nothing changes.
   */
  load(key: string, work: (last: T | undefined) => Promise<Loaded<T> | undefined>): Promise<Known<T>> {
    const running = this.loading.get(key);
    if (running !== undefined) return running;
    const started = this.loadNow(key, work).finally(() => this.loading.delete(key));
    this.loading.set(key, started);
    return started;
  }

  private async loadNow(key: string, work: (last: T | undefined) => Promise<Loaded<T> | undefined>): Promise<Known<T>> {
    const readAtMs = this.clock.monotonicMs();
    const { heard } = this.watch;
    const loaded = await work(this.entries.get(key)?.value);
    // A change that was heard of meanwhile may be of one of these documents, read just before it.
    const stale = this.watch.heard !== heard;
    this.remove(key);
    if (loaded === undefined) return this.keepAbsent(key, readAtMs, stale);
    if (this.entries.size >= this.options.mostEntries) this.remove(this.entries.keys().next().value ?? '');
    const entry = { ...loaded, readAtMs, stale };
    this.entries.set(key, entry);
    for (const ref of loaded.from) this.usersOf(ref).add(key);
    return entry;
  }

  private keepAbsent(key: string, readAtMs: number, stale: boolean): Known<T> {
    const entry = { value: undefined, from: [], untilMs: Number.POSITIVE_INFINITY, readAtMs, stale };
    this.absent.delete(key);
    if (this.absent.size >= this.options.mostAbsent) this.absent.delete(this.absent.keys().next().value ?? '');
    this.absent.set(key, entry);
    return entry;
  }

  private spoil(changed: readonly EntityRef[] | undefined): void {
    // Whatever changed may be what was missing.
    this.absent.clear();
    if (changed === undefined) {
      for (const entry of this.entries.values()) entry.stale = true;
      return;
    }
    for (const ref of changed) {
      for (const key of this.users.get(nameOf(ref)) ?? []) {
        const entry = this.entries.get(key);
        if (entry === undefined) continue;
        entry.stale = true;
        this.options.onStale?.(key);
      }
    }
  }

  private usersOf(ref: EntityRef): Set<string> {
    const users = this.users.get(nameOf(ref)) ?? new Set<string>();
    this.users.set(nameOf(ref), users);
    return users;
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    for (const ref of entry.from) {
      const users = this.users.get(nameOf(ref));
      users?.delete(key);
      if (users?.size === 0) this.users.delete(nameOf(ref));
    }
  }
}

function nameOf({ kind, id }: EntityRef): string {
  return `${kind} ${id}`;
}
