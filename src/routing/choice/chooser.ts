import { type Clock } from '../../kernel/clock';
import { type Fleet } from '../fleet/fleet';
import { allOut, earliest, type Hindrance } from '../trouble/all-out';
import { type Candidate } from './candidate';
import { type GroupRun, orderOf } from './group-run';
import { rendezvous } from './rendezvous';
import { type Ground } from './strategy';

/** A deployment that was chosen, and the cooldown that the call is to find out about. */
export interface Choice {
  readonly candidate: Candidate;
  readonly probed?: string;
}

/** What there is to choose from. */
interface Look {
  readonly choice: Choice | undefined;
  readonly hindrances: readonly Hindrance[];
}

/** Chooses the deployment of every attempt: who may, who can, who ought to. */
export class Chooser {
  constructor(
    private readonly fleet: Fleet,
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {}

  /**
   * The deployment to ask next. Waits a little when all are busy or will be back in a moment.
   *
   * @throws {GatewayError} when none can take the call. @throws the signal's reason.
   */
  async next(run: GroupRun): Promise<Choice> {
    const { waiting } = this.fleet;
    const isFree = waiting.isEmpty || !waiting.hasLine(lineOf(run));
    const seen = isFree ? this.look(run) : { choice: undefined, hindrances: noHindrance };
    if (seen.choice !== undefined) return seen.choice;
    const limitMs = run.settings.queueTimeoutMs;
    if (limitMs > 0 && (!isFree || this.soonestMs(seen.hindrances) <= limitMs)) {
      const found = await waiting.wait(lineOf(run), limitMs, run.plan.signal, () => this.lookAgain(run));
      if (found !== undefined) return found;
    }
    if (run.home !== undefined) {
      // Nothing else may take it while its own account is only away for a moment; now it has waited long enough.
      run.hasLeftHome = true;
      return this.next(run);
    }
    throw allOut(this.look(run).hindrances, this.clock.nowMs());
  }

  /** Deployments that could be tried now and have not been, at this level of `order`; and whether this one could be tried again. */
  outlook(run: GroupRun, same: Candidate): { readonly fresh: number; readonly sameIsUp: boolean } {
    const { available } = this.survey(run);
    const level = lowestLevel(available);
    return {
      fresh: level.filter(({ deployment }) => !run.tried.has(deployment.id)).length,
      sameIsUp: available.includes(same),
    };
  }

  /** The next level of `order` that has somebody to ask; undefined when there is none. */
  nextOrder(run: GroupRun, current: number): number | undefined {
    const orders = this.survey(run)
      .available.map(orderOf)
      .filter((order) => order > current);
    return orders.length === 0 ? undefined : Math.min(...orders);
  }

  /** When the first deployment of the group is back, Unix milliseconds; undefined while one can be asked, or when only a person can help. */
  backAtMs(run: GroupRun): number | undefined {
    const nowMs = this.clock.nowMs();
    const hindrances: Hindrance[] = [];
    for (const each of run.candidates) {
      const found = this.fleet.hindranceOf(each, run.settings, (one) => this.inFlight(run, one), nowMs);
      if (found === undefined) return undefined;
      hindrances.push(found);
    }
    return earliest(hindrances, nowMs);
  }

  /** The deployment that the conversation's key chooses by itself; undefined without a conversation. */
  natural(run: GroupRun): Candidate | undefined {
    const { conversation } = run;
    if (conversation === undefined) return undefined;
    run.natural ??= this.drawn(run, conversation);
    return run.natural;
  }

  private drawn(run: GroupRun, conversation: string): Candidate | undefined {
    const members = lowestLevel(run.candidates);
    return rendezvous(conversation, members, ({ number }) => number, run.strategy.weights?.(members));
  }

  private lookAgain(run: GroupRun): { readonly found: Choice } | { readonly againMs: number } {
    const { choice, hindrances } = this.look(run);
    if (choice !== undefined) return { found: choice };
    const againMs = this.soonestMs(hindrances);
    return { againMs: againMs === 0 ? run.settings.queueTimeoutMs : againMs };
  }

  private look(run: GroupRun): Look {
    const { available, hindrances, probe } = this.survey(run);
    if (probe !== undefined && (run.home === undefined || run.home === probe.candidate.account)) {
      return { choice: probe, hindrances };
    }
    const candidate = this.chosen(run, available);
    return { choice: candidate === undefined ? undefined : { candidate }, hindrances };
  }

  /** Who can take the call now, and what holds the others back. */
  private survey(run: GroupRun): {
    readonly available: readonly Candidate[];
    readonly hindrances: readonly Hindrance[];
    readonly probe: Choice | undefined;
  } {
    const nowMs = this.clock.nowMs();
    const inFlightAt = (each: Candidate): number => this.inFlight(run, each);
    const members = fromOrder(run);
    const hindrances: Hindrance[] = [];
    // As long as nobody is left out there is no list to be made: this is the way of nearly every call.
    let out: Set<Candidate> | undefined;
    let probe: Choice | undefined;
    for (const candidate of members) {
      const found = this.fleet.hindranceOf(candidate, run.settings, inFlightAt, nowMs);
      if (found === undefined) continue;
      if (found.kind !== 'resting' || run.route.isById !== true) {
        (out ??= new Set()).add(candidate);
        hindrances.push(found);
      }
      if (found.kind !== 'resting' || probe !== undefined || run.tried.has(candidate.deployment.id)) continue;
      if (this.fleet.cooldowns.mayProbe(found.cooldown, nowMs)) probe = { candidate, probed: found.cooldown.scope };
    }
    const left = out;
    const available = left === undefined ? members : members.filter((each) => !left.has(each));
    return { available, hindrances, probe };
  }

  private chosen(run: GroupRun, available: readonly Candidate[]): Candidate | undefined {
    const { home } = run;
    const ground = this.ground(run);
    if (home !== undefined) {
      const atHome = run.candidates.filter(({ account }) => account === home);
      const within = available.filter(({ account }) => account === home);
      if (within.length > 0) return run.strategy.pick(within, ground);
      if (atHome.length > 0 && this.isBackSoon(run, atHome)) return undefined;
      run.hasLeftHome = true;
    }
    const level = lowestLevel(available);
    const untried = run.tried.size === 0 ? level : level.filter(({ deployment }) => !run.tried.has(deployment.id));
    const open = untried.length > 0 ? untried : level;
    return this.kept(run, open, ground) ?? run.strategy.pick(open, ground);
  }

  /** Where the conversation is, or where its key would have it begin; undefined leaves the choice to the strategy. */
  private kept(run: GroupRun, open: readonly Candidate[], ground: Ground): Candidate | undefined {
    if (run.conversation === undefined || open.length < 2) return undefined;
    const { soft } = run.whereabouts;
    if (soft !== undefined) {
      const within = open.filter(({ account }) => account === soft);
      if (within.length > 0) return run.strategy.pick(within, ground);
    }
    const natural = this.natural(run);
    if (natural === undefined || !open.includes(natural)) return undefined;
    return run.strategy.accepts(natural, open, ground) ? natural : undefined;
  }

  private isBackSoon(run: GroupRun, candidates: readonly Candidate[]): boolean {
    const nowMs = this.clock.nowMs();
    const { settings } = run;
    return candidates.some((each) => {
      const found = this.fleet.hindranceOf(each, settings, (one) => this.inFlight(run, one), nowMs);
      return found !== undefined && this.soonestMs([found]) <= settings.queueTimeoutMs && settings.queueTimeoutMs > 0;
    });
  }

  /** Until something may change by itself; 0 when that cannot be known, infinity when nothing will. */
  private soonestMs(hindrances: readonly Hindrance[]): number {
    const nowMs = this.clock.nowMs();
    let soonest = Number.POSITIVE_INFINITY;
    for (const each of hindrances) {
      if (each.kind === 'busy') return 0;
      if (each.kind === 'resting') soonest = Math.min(soonest, each.cooldown.untilMs - nowMs);
      if (each.kind === 'rate') soonest = Math.min(soonest, each.untilMs - nowMs);
    }
    return soonest;
  }

  private ground(run: GroupRun): Ground {
    const { books } = this.fleet;
    const nowMs = this.clock.nowMs();
    const monotonicMs = this.clock.monotonicMs();
    const { latency } = run.settings;
    return {
      inFlight: (each) => this.inFlight(run, each),
      latencyMs: (each) => books.historyOf(each).latencyMs(monotonicMs, latency.ttlMs),
      minute: (each) => books.historyOf(each).minute(monotonicMs),
      headroom: (each) => this.fleet.headroomOf(each, run.elsewhere(each), nowMs),
      random: this.random,
      latencyBuffer: latency.buffer,
    };
  }

  private inFlight(run: GroupRun, candidate: Candidate): number {
    return this.fleet.books.inFlight(candidate) + run.elsewhere(candidate);
  }
}

const noHindrance: readonly Hindrance[] = [];

/** Without the levels of `order` that have had their tries. */
function fromOrder({ candidates, leastOrder }: GroupRun): readonly Candidate[] {
  return leastOrder === Number.NEGATIVE_INFINITY
    ? candidates
    : candidates.filter((each) => orderOf(each) >= leastOrder);
}

function lowestLevel(candidates: readonly Candidate[]): readonly Candidate[] {
  let lowest = Number.POSITIVE_INFINITY;
  let isMixed = false;
  for (const each of candidates) {
    const order = orderOf(each);
    if (lowest !== Number.POSITIVE_INFINITY && order !== lowest) isMixed = true;
    lowest = Math.min(lowest, order);
  }
  return isMixed ? candidates.filter((each) => orderOf(each) === lowest) : candidates;
}

/** Those who wait for the same deployments wait in one line. */
function lineOf({ candidates, home }: GroupRun): string {
  const awaited = home === undefined ? candidates : candidates.filter(({ account }) => account === home);
  return awaited.map(({ deployment }) => deployment.id).join(' ');
}
