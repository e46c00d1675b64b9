import { type RoutingSettings } from '../config/routing-settings';
import { type Settings } from '../config/settings';
import { type Clock } from '../kernel/clock';
import { type Observer } from '../kernel/observer';
import { type UpstreamFailure } from '../kernel/upstream-failure';
import { type TokenUsage } from '../kernel/usage';
import { type ModelCatalog } from '../models/model-catalog';
import { type AnswerEvent } from '../protocol/canonical/answer-event';
import { quotaFrameType, quotaOfFrame } from '../protocol/codex/quota-words';
import { rawStringField } from '../protocol/wire/json-scan';
import { type UpstreamAnswer } from '../upstream/upstream';
import { BoundCalls } from './affinity/bound-calls';
import { type Bearings, Conversations, type PinWriter } from './affinity/conversations';
import { sealedInBytes, tailOf } from './affinity/seal-scan';
import { type PinStore } from './board/pin-store';
import { Chooser } from './choice/chooser';
import { type GroupRun } from './choice/group-run';
import { Fallbacks } from './fallbacks';
import { type Fleet } from './fleet/fleet';
import { type Lease } from './fleet/lease';
import { type Attempt, GroupRunner } from './group-runner';
import { type ModelGroups } from './model-groups';
import { RunPlanner } from './run-planner';
import { type TryPlan } from './try-plan';

/** What the rooms are furnished with. */
export interface RoutingParts {
  readonly settings: Settings;
  readonly groups: ModelGroups;
  readonly catalog: ModelCatalog;
  readonly fleet: Fleet;
  readonly pins: PinStore;
  readonly clock: Clock;
  readonly observer: Observer;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
}

/** How an answer that had begun ended. */
export interface AnswerOver {
  readonly failure: UpstreamFailure | undefined;
  readonly usage: TokenUsage | undefined;
  readonly responseId: string | undefined;
}

/** What routing keeps of a call while its answer runs, perhaps for an hour: nothing of the question. */
export interface AnswerNote {
  readonly lease: Lease;
  readonly keyHash: string;
  readonly settings: RoutingSettings;
  readonly pin: PinWriter | undefined;
  readonly whereabouts: { readonly home: string | undefined; readonly soft: string | undefined };
  readonly modelLabel: string;
}

/** Sends one attempt of a call in a group. */
export type SendInGroup<T> = (run: GroupRun, attempt: Attempt) => Promise<T>;

/** Everything that decides about attempts, and learns from them. */
export class RoutingRooms {
  private readonly fleet: Fleet;
  private readonly conversations: Conversations;
  private readonly boundCalls: BoundCalls;
  private readonly chooser: Chooser;
  private readonly planner: RunPlanner;
  private readonly fallbacks: Fallbacks;
  private readonly clock: Clock;
  private readonly observer: Observer;

  constructor(parts: RoutingParts) {
    const { fleet, clock, observer, random, settings } = parts;
    this.fleet = fleet;
    this.clock = clock;
    this.observer = observer;
    this.conversations = new Conversations(parts.pins);
    this.boundCalls = new BoundCalls(
      this.conversations,
      clock,
      (account) => fleet.cooldowns.of(`account ${account}`, clock.nowMs())?.untilMs,
    );
    this.chooser = new Chooser(fleet, clock, random);
    this.planner = new RunPlanner(parts, this.conversations);
    const { chooser, boundCalls } = this;
    const runner = new GroupRunner({ fleet, chooser, boundCalls, clock, observer, times: settings.times, random });
    this.fallbacks = new Fallbacks(parts.groups, this.planner, runner, observer);
  }

  bearings(plan: Pick<TryPlan, 'route' | 'call' | 'caller' | 'wishes'>): Bearings {
    return this.planner.bearings(plan);
  }

  /** See `Router.firstToAnswer`. */
  throughGroups<T>(plan: TryPlan, send: SendInGroup<T>): Promise<T> {
    return this.fallbacks.through(plan, send);
  }

  /** The head of an answer came. */
  opened({ route, plan }: GroupRun, { candidate }: Attempt, { quota, limits, model }: UpstreamAnswer): void {
    this.fleet.quotaSaid(candidate.account, quota, 'headers');
    if (limits === undefined) return;
    const { id: deploymentId, apiBase } = candidate.deployment;
    const where = { modelLabel: route.label, deploymentId, apiBase, upstreamModel: model.slug };
    this.observer.upstreamLimitsSeen({ ...where, principal: plan.caller.principal, ...limits });
  }

  /** What is kept of an attempt while its answer runs. */
  noteOf(run: GroupRun, { lease }: Attempt): AnswerNote {
    const { bearings, settings, plan, whereabouts, route, conversation } = run;
    // Nothing is written down for one that is where its key would have it: that is its place all the same.
    const soft = whereabouts.soft ?? (conversation === undefined ? undefined : this.chooser.natural(run)?.account);
    return {
      lease,
      keyHash: bearings.keyHash,
      settings,
      pin: plan.pin,
      whereabouts: { home: whereabouts.home, soft },
      modelLabel: route.label,
    };
  }

  /** The answer has begun: the deployment works, and the conversation is here now. */
  contentCame(run: GroupRun, lease: Lease): void {
    this.fleet.contentCame(lease);
    const { conversation } = run;
    if (conversation === undefined) return;
    const { account } = lease.candidate;
    const where = { account, natural: this.chooser.natural(run)?.account, pinned: run.whereabouts.soft };
    this.conversations.served(conversation, where, this.boundCalls.writing(run.plan.pin, run.settings));
  }

  /** Looks at an event for what binds the conversation to its account, and for news of its plan. */
  seen(note: AnswerNote, event: AnswerEvent): void {
    const { lease } = note;
    const { account, deployment } = lease.candidate;
    if (event.type === quotaFrameType) {
      if (deployment.provider !== 'codex') return;
      this.fleet.quotaSaid(account, quotaOfFrame(event.data, this.clock.nowMs()), 'frame');
      return;
    }
    const sealed = rawStringField(event.data, '"encrypted_content":');
    if (sealed !== undefined && sealed.length > 2) this.sealed(note, tailOf(sealed.slice(1, -1)));
  }

  /** A compaction came as one JSON answer. */
  compacted(note: AnswerNote, body: Buffer): void {
    for (const { tail } of sealedInBytes(body)) this.sealed(note, tail);
  }

  /** An answer that had begun is over. */
  answered(note: AnswerNote, { failure, usage, responseId }: AnswerOver): void {
    const { lease, settings } = note;
    const { account, deployment } = lease.candidate;
    if (failure !== undefined) this.fleet.failed(lease, failure, settings, anyOtherWay);
    lease.end({ ...(failure === undefined ? {} : { failure }), usage, succeeded: failure === undefined });
    if (responseId !== undefined && failure === undefined && deployment.provider === 'openai') {
      this.conversations.answered(note.keyHash, responseId, account, this.boundCalls.writing(note.pin, settings));
    }
    this.tellAffinity(note, usage);
  }

  private sealed({ keyHash, lease, pin, settings }: AnswerNote, tail: string): void {
    this.conversations.sealed(keyHash, tail, lease.candidate.account, this.boundCalls.writing(pin, settings));
  }

  private tellAffinity({ whereabouts, lease, modelLabel }: AnswerNote, usage: TokenUsage | undefined): void {
    const { home, soft } = whereabouts;
    const wanted = home ?? soft;
    if (wanted === undefined) return;
    this.observer.affinityEnded({
      bond: home === undefined ? 'soft' : 'hard',
      outcome: wanted === lease.candidate.account ? 'hit' : 'break',
      modelLabel,
      inputTokens: usage?.inputTokens,
      cachedInputTokens: usage?.cachedInputTokens,
    });
  }
}

/** After content nothing is tried elsewhere, so it does not matter what else there is. */
const anyOtherWay = { deployment: true, account: true, route: true };
