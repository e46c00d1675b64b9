import { type CooldownSettings } from '../../config/routing-settings';
import { type CooldownScope } from '../../kernel/observations';
import { type FailureKind, type UpstreamFailure } from '../../kernel/upstream-failure';
import { type Candidate } from '../choice/candidate';
import { type Cooldown, type CooldownKind } from './cooldown';
import { countFor, errorClassOf } from './error-class';

/** What a decision about a failure looks at besides the failure itself. */
export interface Circumstances {
  readonly candidate: Candidate;
  readonly settings: CooldownSettings;
  readonly nowMs: number;
  /** The client had seen content: a fault of the transport then says nothing about the deployment. */
  readonly afterContent: boolean;
  /** Whether the group has another deployment, account or route than the one that failed. */
  readonly others: { readonly deployment: boolean; readonly account: boolean; readonly route: boolean };
  /** How often in a row this scope has been in this trouble, this time included. */
  readonly strikes: (scope: string) => number;
  /** Of the deployment in the minute that runs, this failure included. */
  readonly minute: { readonly calls: number; readonly failures: number };
  /** Failures of the same class within so many milliseconds, this one included; undefined kind: of any. */
  readonly failuresWithin: (windowMs: number, kind: FailureKind | undefined) => number;
  /** When the account's used-up window is free again, as the quota book knows it. */
  readonly windowResetMs: number | undefined;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** An upstream may ask for this much patience before its word is taken for a mistake. */
const longestAskedMs = 10 * minuteMs;
/** A quota without a known reset: first this long, then twice as long each time. */
const unknownResetMs = 5 * minuteMs;
const longestUnknownResetMs = hourMs;
const quarantineMs = minuteMs;
const workspaceMs = 5 * minuteMs;
const longestQuarantineMs = hourMs;
const modelMs = 10 * minuteMs;
const longestRouteMs = minuteMs;
/** Waits shorter than this are simply waited for; longer ones get a probe half-way. */
const shortestProbedMs = 10 * minuteMs;
/** Failures in a row of one route before it is left alone. */
const networkStrikes = 3;
/** LiteLLM's rule: more than half of at least five calls in a minute; or every one of a thousand. */
const leastCalls = 5;
/** LiteLLM's `allowed_fails` where only a policy is given. */
const usuallyAllowed = 3;
const hopelessCalls = 1_000;

/**
 * Whether a failure makes something rest, what, and until when. Pure.
 *
 * Blame comes first: a bad prompt or a client that left is nobody's fault here, an account's trouble rests the account, a
 * missing model only that model on it, a page of the edge the route. Everything else is counted against the deployment.
 */
export function cooldownFor(failure: UpstreamFailure, circumstances: Circumstances): Cooldown | undefined {
  const around = { ...circumstances, settings: withOwn(circumstances) };
  const usualMs = usualRestMs(around);
  return usualMs === 0 || isBorneByName(failure, around) ? undefined : byBlame(failure, around, usualMs);
}

function byBlame(failure: UpstreamFailure, around: Circumstances, usualMs: number): Cooldown | undefined {
  switch (failure.blame) {
    case 'request':
    case 'client':
      return undefined;
    case 'account':
      return accountTrouble(failure, around, usualMs);
    case 'model':
      return around.others.account
        ? resting(failure, around, { kind: 'model', scope: 'model', ms: modelMs })
        : undefined;
    case 'edge':
      return routeTrouble(failure, around, usualMs);
    case 'network':
    case 'upstream':
      if (around.afterContent) return undefined;
      return failure.blame === 'network'
        ? routeTrouble(failure, around, usualMs)
        : deploymentTrouble(failure, around, usualMs);
  }
}

/** What the deployment says itself goes before what the router says. */
function withOwn({ settings, candidate }: Circumstances): CooldownSettings {
  const { allowedFails, allowedFailsPolicy } = candidate.deployment.routing ?? {};
  if (allowedFails === undefined && allowedFailsPolicy === undefined) return settings;
  return {
    ...settings,
    allowedFails: allowedFails ?? settings.allowedFails ?? usuallyAllowed,
    allowedFailsPolicy: allowedFailsPolicy ?? settings.allowedFailsPolicy,
  };
}

/** 0: this deployment never rests. */
function usualRestMs({ settings, candidate }: Circumstances): number {
  return settings.isOn ? (candidate.deployment.routing?.cooldownMs ?? settings.timeMs) : 0;
}

function accountTrouble(failure: UpstreamFailure, around: Circumstances, usualMs: number): Cooldown | undefined {
  const { scopes } = around.candidate;
  const strikes = around.strikes(scopes.account);
  switch (failure.kind) {
    case 'quota_exhausted': {
      const told = failure.details.resetAtMs ?? around.windowResetMs;
      const ms = told === undefined ? doubled(unknownResetMs, strikes, longestUnknownResetMs) : told - around.nowMs;
      return resting(failure, around, { kind: 'quota', scope: 'account', ms });
    }
    case 'unauthorized': {
      // The login itself says at once that it cannot be used, and what to do about it: that needs no rest.
      if (failure.details.upstreamStatus === undefined && !around.others.account) return undefined;
      // A login that is being renewed says for how long; one that was refused is asked less and less often.
      const asked = failure.details.retryAfterMs;
      const ms = asked ?? doubled(quarantineMs, strikes, longestQuarantineMs);
      return resting(failure, around, { kind: 'quarantine', scope: 'account', ms });
    }
    case 'workspace_refused':
      return resting(failure, around, {
        kind: 'quarantine',
        scope: 'account',
        ms: doubled(workspaceMs, strikes, longestQuarantineMs),
      });
    default:
      // Alone in its group a burst is waited for by who was refused; nobody else is turned away for it.
      return around.others.deployment && !isBorne(failure, around)
        ? resting(failure, around, { kind: 'burst', scope: 'account', ms: askedMs(failure) ?? usualMs })
        : undefined;
  }
}

/** Every page costs the next route a little more patience; the only route there is gets a second chance first. */
function routeTrouble(failure: UpstreamFailure, around: Circumstances, usualMs: number): Cooldown | undefined {
  const kind = failure.blame === 'edge' ? 'edge' : 'network';
  const strikes = around.strikes(around.candidate.scopes.route);
  const borne = kind === 'edge' ? (around.others.route ? 0 : 1) : networkStrikes - 1;
  if (strikes <= borne || (kind === 'network' && !around.others.route)) return undefined;
  return resting(failure, around, { kind, scope: 'route', ms: doubled(usualMs, strikes - borne, longestRouteMs) });
}

function deploymentTrouble(failure: UpstreamFailure, around: Circumstances, usualMs: number): Cooldown | undefined {
  const isTooMuch = countsFails(around.settings) ? !isBorne(failure, around) : isFailing(around);
  if (!isTooMuch) return undefined;
  return resting(failure, around, { kind: 'errors', scope: 'deployment', ms: askedMs(failure) ?? usualMs });
}

function isFailing({ minute, others }: Circumstances): boolean {
  const { calls, failures } = minute;
  if (calls >= hopelessCalls && failures === calls) return true;
  return others.deployment && calls >= leastCalls && failures * 2 > calls;
}

function countsFails({ allowedFails, allowedFailsPolicy }: CooldownSettings): boolean {
  return allowedFails !== undefined || allowedFailsPolicy !== undefined;
}

/** Whether the operator's own count still bears this failure; without one nothing is borne. */
function isBorne(failure: UpstreamFailure, { settings, failuresWithin, candidate }: Circumstances): boolean {
  if (!countsFails(settings)) return false;
  const ofKind = countFor(settings.allowedFailsPolicy, failure.kind);
  const windowMs = candidate.deployment.routing?.cooldownMs ?? settings.timeMs;
  if (ofKind !== undefined) return failuresWithin(windowMs, failure.kind) <= ofKind;
  return failuresWithin(windowMs, undefined) <= (settings.allowedFails ?? 0);
}

/** Whether the policy names this kind of failure, bears it as often as this, and nothing is known that makes waiting the better choice. */
function isBorneByName({ kind }: UpstreamFailure, { settings, failuresWithin, candidate }: Circumstances): boolean {
  const errorClass = errorClassOf(kind);
  // A used-up plan says itself when it is worth asking again.
  if (settings.allowedFailsPolicy === undefined || errorClass === undefined || kind === 'quota_exhausted') return false;
  const borne = settings.allowedFailsPolicy.get(errorClass);
  if (borne === undefined) return false;
  const windowMs = candidate.deployment.routing?.cooldownMs ?? settings.timeMs;
  return failuresWithin(windowMs, kind) <= borne;
}

function askedMs({ details }: UpstreamFailure): number | undefined {
  const asked = details.retryAfterMs;
  return asked === undefined || asked <= 0 ? undefined : Math.min(asked, longestAskedMs);
}

function doubled(firstMs: number, strikes: number, longestMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(Math.max(strikes - 1, 0), 20), longestMs);
}

function resting(
  failure: UpstreamFailure,
  { candidate, nowMs }: Circumstances,
  what: { readonly kind: CooldownKind; readonly scope: CooldownScope; readonly ms: number },
): Cooldown {
  const ms = Math.max(Math.ceil(what.ms), 0);
  // Only our own login says without an answer of the upstream what is wrong with it.
  const isLogin = what.kind === 'quarantine' && failure.details.upstreamStatus === undefined;
  return {
    scope: candidate.scopes[what.scope],
    kind: what.kind,
    reason: failure.details.code ?? failure.kind,
    sinceMs: nowMs,
    untilMs: nowMs + ms,
    ...(isLogin ? { advice: failure.message } : {}),
    ...(what.kind === 'quota' && ms >= shortestProbedMs ? { probeAtMs: nowMs + Math.ceil(ms / 2) } : {}),
  };
}
