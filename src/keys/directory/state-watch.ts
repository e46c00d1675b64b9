import { type TimeLimits } from '../../config/time-limits';
import { type Clock } from '../../kernel/clock';
import { type ChangedRef, type EntityRef, type Stamp } from '../../state/entities/entity';
import { type EntityStore } from '../../state/entities/entity-store';
import { BoundedMap } from '../../kernel/bounded-map';
import { type GatewayLogger } from '../../telemetry/logger';

/** Documents whose newest version is remembered: only those that changed while something was read are asked for. */
const mostRemembered = 10_000;

const lostChanges =
  'The state has lost changes that this process saw, as in a failover, or when Redis is emptied: of keys, teams, users, customers or budgets, new ones may be unknown and deleted ones may be back';

/** Called with what changed, or with undefined when anything may have. */
export type ChangeListener = (changed: readonly ChangedRef[] | undefined) => void;

/**
 * Knows how far what this process read of the state can still be trusted: it listens for changes, and asks for them every
 * `keyPollMs`, so that a change is seen even when nobody is told of any.
 */
export class StateWatch {
  private readonly listeners = new Set<ChangeListener>();
  private stopListening: (() => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asking = false;
  private stamp: Stamp | undefined;
  private lastVerifiedMs = Number.NEGATIVE_INFINITY;
  private gaps = 0;
  private count = 0;
  private readonly newest = new BoundedMap<number>(mostRemembered);

  constructor(
    private readonly store: EntityStore,
    private readonly clock: Clock,
    private readonly times: Pick<TimeLimits, 'keyPollMs' | 'keySnapshotMs'>,
    private readonly logger: Pick<GatewayLogger, 'event'>,
  ) {}

  /** Begins to listen and to ask. */
  start(): void {
    this.stopListening ??= this.store.onChange((changed) => {
      this.tell(changed);
    });
    this.timer ??= setInterval(() => void this.ask(), this.times.keyPollMs).unref();
    void this.ask();
  }

  stop(): void {
    this.stopListening?.();
    clearInterval(this.timer);
    this.stopListening = this.timer = undefined;
  }

  /** When it was last known that nothing is missing, on `Clock.monotonicMs`. */
  get verifiedMs(): number {
    return this.lastVerifiedMs;
  }

  /** How often anything may have changed unseen. What was read while it grew may be older than what is there. */
  get blindSpots(): number {
    return this.gaps;
  }

  /** How many changes were heard of. */
  get changes(): number {
    return this.count;
  }

  /** Whether a later version of a document was heard of than the one that was read. */
  knowsNewer(ref: ChangedRef): boolean {
    return (this.newest.get(nameOf(ref)) ?? 0) > ref.version;
  }

  /** Whether something read at this moment, of which no change was heard since, still holds. On `Clock.monotonicMs`. */
  trusts(readAtMs: number): boolean {
    return this.clock.monotonicMs() - Math.max(readAtMs, this.lastVerifiedMs) <= this.times.keySnapshotMs;
  }

  onChange(listener: ChangeListener): void {
    this.listeners.add(listener);
  }

  /** Asks what is new. A state that is away changes nothing: what was read is trusted for a while. */
  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const askedAtMs = this.clock.monotonicMs();
    try {
      const { stamp, changed, wentBack } = await this.store.news(this.stamp);
      // Nobody else would notice: what is left is whole in itself.
      if (wentBack === true) this.logger.event('error', lostChanges, {});
      const isFirst = this.stamp === undefined;
      this.stamp = stamp;
      if (!isFirst && changed?.length !== 0) this.tell(changed);
      this.lastVerifiedMs = askedAtMs;
    } catch {
      // Whoever needs the state finds out for himself.
    } finally {
      this.asking = false;
    }
  }

  private tell(changed: readonly ChangedRef[] | undefined): void {
    this.count += 1;
    if (changed === undefined) {
      // Versions may begin anew, for example after a failover.
      this.gaps += 1;
      this.newest.clear();
    }
    for (const ref of changed ?? [])
      this.newest.set(nameOf(ref), Math.max(ref.version, this.newest.get(nameOf(ref)) ?? 0));
    for (const listener of this.listeners) listener(changed);
  }
}

/** One text for a document. */
export function nameOf({ kind, id }: EntityRef): string {
  return `${kind} ${id}`;
}
