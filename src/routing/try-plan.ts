import { type Deployment } from '../config/deployment';
import { type Principal } from '../kernel/principal';
import { type Span } from '../kernel/tracing';
import { type StopSignal } from '../kernel/stop-signal';
import { type RoutingAnswer } from '../metering/meter';
import { type UpstreamAnswer, type UpstreamCall } from '../upstream/upstream';
import { type Bearings, type PinWriter } from './affinity/conversations';
import { type FallbackList } from '../config/routing-values';
import { type Route } from './model-groups';

/** Who calls, as far as routing asks. */
export interface RouteCaller {
  /** Conversations are told apart by it: nobody meets another's. */
  readonly keyHash: string;
  /** For metrics only: routing asks what is said below. */
  readonly principal?: Principal | undefined;
  readonly teamId?: string | undefined;
  /** Of key and team; those of the request come with its wishes. */
  readonly tags: readonly string[];
  /** Accounts or deployments that the caller is held to; undefined: all. */
  readonly deployments?: readonly string[] | undefined;
  readonly disableFallbacks: boolean;
  /** May use the switches that are there for tests. */
  readonly isAdmin: boolean;
  readonly userAgent: string;
  /** Whether the caller may use a model that would stand in for the one asked for. */
  readonly mayUse: (requested: string, route: Route) => Promise<boolean>;
}

/** A model group that stands in for the one asked for, as the request itself wants it. */
export interface OwnFallback {
  readonly model: string;
  /** The question as it is put there, when it differs. */
  readonly call?: UpstreamCall;
}

/** Switches that pretend a failure, for those who test their fallbacks. */
export type Pretence = 'fallbacks' | 'context_window' | 'content_policy' | 'rate_limit' | 'timeout';

/** What a request says about its own routing. */
export interface RouteWishes {
  /** Session that the request belongs to, by header or body; the request's own cache key yields to it. */
  readonly session?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly numRetries?: number | undefined;
  /** Until the first event, milliseconds. */
  readonly streamTimeoutMs?: number | undefined;
  readonly fallbacks?: readonly OwnFallback[] | undefined;
  readonly contextWindowFallbacks?: FallbackList | undefined;
  readonly contentPolicyFallbacks?: FallbackList | undefined;
  readonly disableFallbacks?: boolean | undefined;
  readonly pretend?: Pretence | undefined;
  /** A canned answer instead of an upstream call. */
  readonly mockResponse?: string | undefined;
}

/** How an upstream has taken a request. */
export type OpenedCall = Pick<UpstreamAnswer, 'model' | 'droppedParams'>;

/** What one call may spend on trying, and what binds it. */
export interface TryPlan {
  readonly route: Route;
  readonly call: UpstreamCall;
  readonly caller: RouteCaller;
  readonly wishes: RouteWishes;
  /** Ends the trying. */
  readonly signal: StopSignal;
  /** Ends the upstream call, when that may run on for a moment longer than the trying; else `signal` does. */
  readonly upstreamSignal?: StopSignal;
  /** Of the request; attempts are its parts. */
  readonly span: Span;
  /** Leaves the deployments of a route that can serve this call. @throws {GatewayError} when none can. */
  readonly narrow: (route: Route) => Route;
  /** What becomes of a question that a fallback of the request brings along, before it is put there. `call` was it already. */
  readonly hooked?: (call: UpstreamCall) => Promise<UpstreamCall>;
  /** Of `Router.bearings`, when the admission asked about them; its answer beside it. */
  readonly bearings?: Bearings | undefined;
  readonly answer?: RoutingAnswer | undefined;
  /**
   * Told before every attempt, so that a failed request can say where it was, and how many reasoning items were left out
   * for it.
   */
  readonly onAttempt: (deployment: Deployment, attempt: number, reasoningDropped: number) => void;
  /** Told when the upstream of an attempt has taken the request, of which it may yet fail. */
  readonly onOpened?: (opened: OpenedCall) => void;
  /** Told when the upstream is at work on an answer of which nobody has seen anything yet; more than once. */
  readonly onWork?: () => void;
  /** Writes where the conversation went; without it routing keeps pins of its own. */
  readonly pin?: PinWriter | undefined;
}

/** A caller that may do everything; for calls without a principal. */
export const anyCaller: RouteCaller = {
  keyHash: '',
  tags: [],
  disableFallbacks: false,
  isAdmin: true,
  userAgent: '',
  mayUse: () => Promise.resolve(true),
};
