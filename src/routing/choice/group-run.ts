import { type RoutingSettings } from '../../config/routing-settings';
import { type UpstreamCall } from '../../upstream/upstream';
import { type Bearings, type Whereabouts } from '../affinity/conversations';
import { type Route } from '../model-groups';
import { type TryPlan } from '../try-plan';
import { type Candidate } from './candidate';
import { type Strategy } from './strategy';

/** What one call goes through, over all groups that it tries. */
export interface Trail {
  attempts: number;
  /** Attempts beyond the first one of each group. */
  repeats: number;
  /** Groups tried in the place of the one asked for. */
  fallbacks: number;
}

/** What a call knows when it begins with a group. */
export interface GroupRunParts {
  readonly plan: TryPlan;
  readonly trail: Trail;
  readonly route: Route;
  readonly call: UpstreamCall;
  /** Which of the request's own fallbacks brought the call along; undefined for the question of the request. */
  readonly ownFallback?: number | undefined;
  readonly bearings: Bearings;
  readonly whereabouts: Whereabouts;
  readonly settings: RoutingSettings;
  readonly candidates: readonly Candidate[];
  readonly strategy: Strategy;
  /** Calls of other replicas in flight at a deployment, as the admission told. */
  readonly elsewhere: (candidate: Candidate) => number;
}

/** One call in one model group: what was tried, and what is still to be tried. */
export class GroupRun {
  readonly plan: TryPlan;
  readonly trail: Trail;
  readonly route: Route;
  readonly call: UpstreamCall;
  readonly ownFallback: number | undefined;
  readonly bearings: Bearings;
  readonly whereabouts: Whereabouts;
  readonly settings: RoutingSettings;
  /** All that may serve it, whatever their state. */
  readonly candidates: readonly Candidate[];
  readonly strategy: Strategy;
  readonly elsewhere: (candidate: Candidate) => number;
  /** Ids of the deployments that failed. */
  readonly tried = new Set<string>();
  /** Retries that count, and moves away from accounts that are out. */
  retries = 0;
  moves = 0;
  /** Deployments of a lower `order` have had their tries. */
  leastOrder = Number.NEGATIVE_INFINITY;
  /** It had to leave the account that it is bound to. */
  hasLeftHome = false;
  /** What another account sealed was left out after the upstream could not open it; this happens once. */
  isRecovering = false;
  lastError: unknown;
  /** The deployment that the conversation's key chooses; worked out once. */
  natural: Candidate | undefined;

  constructor(parts: GroupRunParts) {
    this.plan = parts.plan;
    this.trail = parts.trail;
    this.route = parts.route;
    this.call = parts.call;
    this.ownFallback = parts.ownFallback;
    this.bearings = parts.bearings;
    this.whereabouts = parts.whereabouts;
    this.settings = parts.settings;
    this.candidates = parts.candidates;
    this.strategy = parts.strategy;
    this.elsewhere = parts.elsewhere;
  }

  /** Account that the call must go to; undefined when it is free, or has had to leave. */
  get home(): string | undefined {
    return this.hasLeftHome ? undefined : this.whereabouts.home;
  }

  /** Digest of the conversation, when it is to be kept together. */
  get conversation(): string | undefined {
    const { groups, isSoftOn } = this.settings.affinity;
    return (groups.get(this.route.modelGroup) ?? isSoftOn) ? this.bearings.bonds.conversation : undefined;
  }
}

/** Place of a deployment in the order of its group; what says nothing goes first, with 0. */
export function orderOf({ deployment }: Candidate): number {
  return deployment.routing?.order ?? 0;
}
