import { Memo } from '../../kernel/memo';
import { type Cooldown, laterOf } from '../trouble/cooldown';
import { type Candidate } from '../choice/candidate';

/** Clients choose some of the names that may rest, so there is an end to it. */
const mostResting = 5_000;
/** A row of strikes is over when nothing more came for so long after the last one, milliseconds. */
const strikeLifeMs = 600_000;
/** Replicas know of the same probe within milliseconds. */
const minuteMs = 60_000;

interface Strikes {
  count: number;
  untilMs: number;
}

/** Takes the right to find out early, once for all replicas. @param probe the scope, and which of its probes it is. */
export type ProbeClaim = (probe: string, lifeMs: number) => Promise<boolean>;

/**
 * What rests, as this process knows it. Deadlines only move out; before its time a cooldown ends by a call that succeeded, or
 * by a person. Times are Unix milliseconds.
 */
export class CooldownMemory {
  private readonly resting = new Map<string, Cooldown>();
  private readonly strikes = new Memo<string, Strikes>(mostResting);
  /** By scope: asked for, ours to use, in use, or had, be it by another replica. */
  private readonly probes = new Map<string, 'asked' | 'granted' | 'running' | 'over'>();

  constructor(private readonly claim: ProbeClaim) {}

  /** What keeps this deployment from being called now; of several the one that ends last. */
  hindering(candidate: Candidate, nowMs: number): Cooldown | undefined {
    if (this.resting.size === 0) return undefined;
    const { account, model, deployment, route } = candidate.scopes;
    let last = this.of(account, nowMs);
    for (const scope of [model, deployment, route]) {
      const found = this.of(scope, nowMs);
      if (found !== undefined && (last === undefined || found.untilMs > last.untilMs)) last = found;
    }
    return last;
  }

  /** The cooldown of a scope that still runs. */
  of(scope: string, nowMs: number): Cooldown | undefined {
    const found = this.resting.get(scope);
    if (found === undefined) return undefined;
    if (found.untilMs > nowMs) return found;
    this.forget(scope);
    return undefined;
  }

  /** Everything that rests. */
  all(nowMs: number): readonly Cooldown[] {
    return [...this.resting.keys()].flatMap((scope) => this.of(scope, nowMs) ?? []);
  }

  /** @returns the cooldown that counts now, and whether it is another than before. */
  add(cooldown: Cooldown): { readonly counts: Cooldown; readonly isNew: boolean } {
    const running = this.resting.get(cooldown.scope);
    const counts = laterOf(running, cooldown);
    if (counts === running) return { counts, isNew: false };
    if (!this.resting.has(cooldown.scope)) this.makeRoom();
    this.resting.set(cooldown.scope, counts);
    // The probe of before has had its answer.
    this.probes.delete(cooldown.scope);
    return { counts, isNew: true };
  }

  /** Ends what began before `beforeMs`. @returns false when nothing did. */
  end(scope: string, beforeMs: number): boolean {
    const running = this.resting.get(scope);
    if (running === undefined || running.sinceMs > beforeMs) return false;
    this.forget(scope);
    this.strikes.delete(scope);
    return true;
  }

  /** There is news that a used-up window is free again: a call may find out now, also where one found out before that it was not. */
  allowProbe(scope: string, nowMs: number): void {
    const running = this.of(scope, nowMs);
    if (running?.kind !== 'quota') return;
    const isDue = (running.probeAtMs ?? Number.POSITIVE_INFINITY) <= nowMs;
    if (isDue && this.probes.get(scope) !== 'over') return;
    this.probes.delete(scope);
    this.resting.set(scope, { ...running, probeAtMs: nowMs });
  }

  /** Whether a call may find out now whether this cooldown is over already; asks for the right to when it is time. */
  mayProbe(cooldown: Cooldown, nowMs: number): boolean {
    const { scope, probeAtMs, untilMs } = cooldown;
    if (probeAtMs === undefined || probeAtMs > nowMs) return false;
    const probe = this.probes.get(scope);
    if (probe === undefined) {
      this.probes.set(scope, 'asked');
      // Of this probe only: the next one of this scope is another, and may come before this claim is over.
      void this.claim(`${scope} ${Math.round(probeAtMs / minuteMs)}`, untilMs - nowMs).then((isOurs) => {
        if (this.probes.get(scope) === 'asked') this.probes.set(scope, isOurs ? 'granted' : 'over');
      });
    }
    return probe === 'granted';
  }

  /** A call goes out to find out. */
  probing(scope: string): void {
    this.probes.set(scope, 'running');
  }

  /** It said nothing of the cooldown: another may try. */
  probeWasted(scope: string): void {
    if (this.probes.get(scope) === 'running') this.probes.set(scope, 'granted');
  }

  /** It found out that the cooldown goes on. */
  probeOver(scope: string): void {
    if (this.probes.get(scope) === 'running') this.probes.set(scope, 'over');
  }

  /** One more failure in a row of this scope. @returns how many there are now. */
  strike(scope: string, nowMs: number): number {
    const known = this.strikes.get(scope);
    const goesOn = known !== undefined && nowMs < known.untilMs;
    const count = goesOn ? known.count + 1 : 1;
    const restsUntilMs = this.resting.get(scope)?.untilMs ?? nowMs;
    this.strikes.set(scope, { count, untilMs: Math.max(nowMs, restsUntilMs) + strikeLifeMs });
    return count;
  }

  /** A call that began at `startedMs` succeeded there. @returns the scopes whose cooldowns it ended. */
  succeeded(candidate: Candidate, startedMs: number): readonly string[] {
    if (this.strikes.size === 0 && this.resting.size === 0) return none;
    const scopes = Object.values(candidate.scopes);
    for (const scope of scopes) this.strikes.delete(scope);
    return scopes.filter((scope) => this.end(scope, startedMs));
  }

  /** Nothing ever went wrong there. */
  forgive(scope: string): void {
    this.strikes.delete(scope);
  }

  private forget(scope: string): void {
    this.resting.delete(scope);
    this.probes.delete(scope);
  }

  private makeRoom(): void {
    if (this.resting.size < mostResting) return;
    const [oldest] = this.resting.keys();
    if (oldest !== undefined) this.forget(oldest);
  }
}

const none: readonly string[] = [];
