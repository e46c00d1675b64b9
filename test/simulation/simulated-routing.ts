import { noSpan } from '../../src/kernel/tracing';
import { defaultRouting } from '../../src/config/routing-settings';
import { type StrategyName } from '../../src/config/routing-values';
import { defaultTimeLimits } from '../../src/config/time-limits';
import { Clock } from '../../src/kernel/clock';
import { GatewayError } from '../../src/kernel/errors';
import { Observer } from '../../src/kernel/observer';
import { Stopper } from '../../src/kernel/stop-signal';
import { UpstreamFailure } from '../../src/kernel/upstream-failure';
import { BoundCalls } from '../../src/routing/affinity/bound-calls';
import { Conversations } from '../../src/routing/affinity/conversations';
import { LocalBoard } from '../../src/routing/board/local-board';
import { LocalPins } from '../../src/routing/board/local-pins';
import { type Candidate } from '../../src/routing/choice/candidate';
import { Chooser } from '../../src/routing/choice/chooser';
import { GroupRun } from '../../src/routing/choice/group-run';
import { strategyFor } from '../../src/routing/choice/strategies';
import { Fleet } from '../../src/routing/fleet/fleet';
import { type Lease } from '../../src/routing/fleet/lease';
import { GroupRunner } from '../../src/routing/group-runner';
import { anyCaller, type TryPlan } from '../../src/routing/try-plan';
import { type UpstreamCall } from '../../src/upstream/upstream';
import { candidate } from '../support/candidates';
import { type PlanAccount } from './plan-account';

/** Time that passes only when somebody says so. */
class VirtualClock extends Clock {
  ms = 1_800_000_000_000;

  override nowMs(): number {
    return this.ms;
  }

  override monotonicMs(): number {
    return this.ms;
  }
}

class Deaf extends Observer {
  override requestEnded(): void {
    // Nobody listens.
  }
  override attemptEnded(): void {
    // Nobody listens.
  }
}

/** One call of the load. */
export interface SimulatedCall {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** Work that it costs, and how long it takes. */
  readonly units: number;
  readonly durationMs: number;
  /** Conversation that it belongs to; undefined: none. */
  readonly conversation: string | undefined;
}

interface Running {
  readonly endMs: number;
  readonly lease: Lease;
  readonly account: PlanAccount;
  readonly units: number;
}

/** The gateway's own rooms, over simulated accounts and on simulated time: what it would do in a week takes seconds. */
export class SimulatedRouting {
  answered = 0;
  refused = 0;
  private readonly clock = new VirtualClock();
  private readonly fleet: Fleet;
  private readonly chooser: Chooser;
  private readonly runner: GroupRunner;
  private readonly conversations: Conversations;
  private readonly boundCalls: BoundCalls;
  private readonly candidates: readonly Candidate[];
  private readonly byCandidate = new Map<Candidate, PlanAccount>();
  private running: Running[] = [];

  constructor(
    accounts: readonly PlanAccount[],
    private readonly strategy: StrategyName,
    random: () => number,
    weights: readonly number[] = [],
  ) {
    const { clock } = this;
    const observer = new Deaf();
    this.fleet = new Fleet({ board: new LocalBoard(), clock, observer, claim: () => Promise.resolve(true) });
    this.chooser = new Chooser(this.fleet, clock, random);
    this.conversations = new Conversations(new LocalPins(clock));
    this.boundCalls = new BoundCalls(this.conversations, clock, () => undefined);
    const { fleet, chooser, boundCalls } = this;
    this.runner = new GroupRunner({ fleet, chooser, boundCalls, clock, observer, times: defaultTimeLimits, random });
    this.candidates = accounts.map((account, place) => {
      const weight = weights[place];
      const made = candidate(`${account.name}-${strategy}`, weight === undefined ? {} : { weight });
      this.byCandidate.set(made, account);
      return made;
    });
  }

  /** Takes one call, after everything that ends before it has ended. @returns whether it was answered. */
  async take(call: SimulatedCall): Promise<boolean> {
    this.advance(call.atMs);
    const run = this.runOf(call);
    try {
      await this.runner.run(run, ({ candidate: chosen, lease }) => {
        this.begin(run, call, chosen, lease);
        return Promise.resolve();
      });
      this.answered += 1;
      return true;
    } catch (error) {
      if (!(error instanceof UpstreamFailure) && !(error instanceof GatewayError)) throw error;
      this.refused += 1;
      return false;
    }
  }

  /** Ends what has run its time. */
  advance(toMs: number): void {
    const due = this.running.filter(({ endMs }) => endMs <= toMs);
    if (due.length > 0) this.running = this.running.filter(({ endMs }) => endMs > toMs);
    for (const { endMs, lease, account, units } of due.sort((a, b) => a.endMs - b.endMs)) {
      this.clock.ms = Math.max(this.clock.ms, endMs);
      account.charge(units);
      lease.end({ succeeded: true });
    }
    this.clock.ms = Math.max(this.clock.ms, toMs);
  }

  private begin(run: GroupRun, call: SimulatedCall, chosen: Candidate, lease: Lease): void {
    const account = this.byCandidate.get(chosen);
    if (account === undefined) throw new Error('no such account');
    this.fleet.quotaSaid(chosen.account, account.begin(call.atMs), 'headers');
    this.fleet.contentCame(lease);
    this.running.push({ endMs: call.atMs + call.durationMs, lease, account, units: call.units });
    const { conversation } = run;
    if (conversation === undefined) return;
    const where = {
      account: chosen.account,
      natural: this.chooser.natural(run)?.account,
      pinned: run.whereabouts.soft,
    };
    this.conversations.served(conversation, where, this.boundCalls.writing(undefined, run.settings));
  }

  private runOf({ conversation }: SimulatedCall): GroupRun {
    const call: UpstreamCall = {
      kind: 'canonical',
      request: { model: 'team', input: [], ...(conversation === undefined ? {} : { prompt_cache_key: conversation }) },
      fromCodexCli: false,
      isWire: false,
    };
    const route = { requestedModel: 'team', modelGroup: 'team', label: 'team', deployments: [] };
    const plan: TryPlan = {
      route,
      call,
      caller: anyCaller,
      wishes: {},
      span: noSpan,
      signal: never,
      narrow: (same) => same,
      onAttempt: () => undefined,
    };
    const nowMs = this.clock.nowMs();
    const bearings = this.conversations.bearings(call, { keyHash: 'k' }, [], nowMs);
    const pins = this.conversations.ask(bearings);
    if (pins instanceof Promise) throw new Error('local pins answer at once');
    return new GroupRun({
      plan,
      trail: { attempts: 0, repeats: 0, fallbacks: 0 },
      route,
      call,
      bearings,
      whereabouts: this.conversations.whereabouts(bearings, pins, nowMs),
      settings: { ...defaultRouting, queueTimeoutMs: 0, strategy: this.strategy },
      candidates: this.candidates,
      strategy: strategyFor(this.strategy, this.candidates),
      elsewhere: () => 0,
    });
  }
}

const never = new Stopper();
