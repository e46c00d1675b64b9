import { type Clock } from '../../kernel/clock';
import { type ChangedRef, type EntityRef } from '../../state/entities/entity';
import { BoundedMap } from '../../kernel/bounded-map';
import { nameOf, type StateWatch } from './state-watch';

/** Something that was worked out from documents. */
export interface Loaded<T> {
  readonly value: T;
  /** The documents, as they were read; a later version of one makes the value stale. */
  readonly from: readonly ChangedRef[];
  /** From this moment on the value is another, whatever is stored; Unix milliseconds. */
  readonly untilMs: number;
}

/** What is known of a key; `value` is undefined when there is nothing under it. */
export interface Known<T> {
  readonly value: T | undefined;
}

interface Entry<T> extends Known<T> {
  readonly from: readonly ChangedRef[];
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
  /** Told of a value whose key's own document changed. */
  readonly onStale?: (key: string) => void;
}

/**
 * What was worked out from the state, as long as it can be trusted. Bounded: what nobody asked for goes first. A stale
 * value is never given out, whatever happens to the state; it is kept for whoever loads it anew.
 */
export class FreshCache<T> {
  private readonly entries: BoundedMap<Entry<T>>;
  private readonly absent: BoundedMap<Entry<T>>;
  private readonly users = new Map<string, Set<string>>();
  private readonly loading = new Map<string, Promise<Known<T>>>();

  constructor(
    private readonly watch: StateWatch,
    private readonly clock: Clock,
    private readonly options: CacheOptions,
  ) {
    this.entries = new BoundedMap(options.mostEntries, (key, entry) => {
      this.unlink(key, entry);
    });
    this.absent = new BoundedMap(options.mostAbsent);
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
    const { blindSpots, changes } = this.watch;
    const loaded = await work(this.entries.get(key)?.value);
    this.remove(key);
    const isUnsure = this.watch.blindSpots !== blindSpots;
    if (loaded === undefined) return this.keepAbsent(key, readAtMs, isUnsure || this.watch.changes !== changes);
    // A change that was heard of meanwhile may be of one of these documents, read just before it.
    const stale = isUnsure || loaded.from.some((ref) => this.watch.knowsNewer(ref));
    const entry = { ...loaded, readAtMs, stale };
    this.entries.set(key, entry);
    for (const ref of loaded.from) this.usersOf(ref).add(key);
    return entry;
  }

  private keepAbsent(key: string, readAtMs: number, stale: boolean): Known<T> {
    const entry = { value: undefined, from: [], untilMs: Number.POSITIVE_INFINITY, readAtMs, stale };
    this.absent.set(key, entry);
    return entry;
  }

  private spoil(changed: readonly ChangedRef[] | undefined): void {
    // Whatever changed may be what was missing.
    this.absent.clear();
    if (changed === undefined) {
      for (const entry of this.entries.values()) entry.stale = true;
      return;
    }
    for (const ref of changed) {
      for (const key of this.users.get(nameOf(ref)) ?? []) {
        const entry = this.entries.get(key);
        if (entry === undefined || entry.stale || !isOlder(entry, ref)) continue;
        entry.stale = true;
        if (ref.kind === 'key') this.options.onStale?.(key);
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
    this.unlink(key, entry);
  }

  private unlink(key: string, { from }: Entry<T>): void {
    for (const ref of from) {
      const users = this.users.get(nameOf(ref));
      users?.delete(key);
      if (users?.size === 0) this.users.delete(nameOf(ref));
    }
  }
}

function isOlder({ from }: Entry<unknown>, { kind, id, version }: ChangedRef): boolean {
  return from.some((read) => read.kind === kind && read.id === id && read.version < version);
}
