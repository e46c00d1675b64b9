import { type PlanCredits, windowNameOf } from '../kernel/plan-quota';
import { type AccountReport } from '../routing/routing-report';
import { type KnownWindow } from '../routing/quota/quota-record';
import { type Cooldown } from '../routing/trouble/cooldown';

/** What routing knows of an account, as `GET /account/list` shows it. Times are RFC 3339. */
export interface ListedRouting {
  readonly deployments: readonly string[];
  /** In the process that answers. */
  readonly in_flight: number;
  /** As the upstream calls it, when it has said so. */
  readonly plan: string | null;
  readonly windows: readonly ListedWindow[];
  readonly credits: {
    readonly has_credits: boolean;
    readonly unlimited: boolean;
    readonly balance: string | null;
  } | null;
  readonly reset_credits: number | null;
  readonly cooldowns: readonly ListedCooldown[];
  /** Why the account gets no calls at all until somebody signs in again or the upstream accepts it; null when it gets some. */
  readonly quarantine_reason: string | null;
}

interface ListedWindow {
  /** `5h`, `week`, or `other`. */
  readonly window: string;
  readonly limit: string;
  readonly window_minutes: number;
  readonly used_percent: number;
  readonly remaining_percent: number;
  readonly resets_at: string | null;
  /** `headers`, `frame` or `poll`, and when. */
  readonly source: string;
  readonly seen_at: string | null;
}

interface ListedCooldown {
  readonly scope: string;
  readonly kind: string;
  readonly reason: string;
  readonly since: string | null;
  readonly until: string | null;
  readonly advice: string | null;
}

/** @param reports of all credentials that use the same login. */
export function listedRouting(reports: readonly AccountReport[]): ListedRouting {
  const known = reports.find(({ windows }) => windows.length > 0) ?? reports[0];
  const cooldowns = reports.flatMap((report) => report.cooldowns);
  const quarantine = cooldowns.find(({ kind }) => kind === 'quarantine');
  return {
    deployments: reports.flatMap(({ deployments }) => deployments),
    in_flight: reports.reduce((sum, { inFlight }) => sum + inFlight, 0),
    ...planOf(known),
    cooldowns: cooldowns.map(listedCooldown),
    quarantine_reason: quarantine?.advice ?? quarantine?.reason ?? null,
  };
}

type ListedPlan = Pick<ListedRouting, 'plan' | 'windows' | 'credits' | 'reset_credits'>;

function planOf(report: AccountReport | undefined): ListedPlan {
  if (report === undefined) return { plan: null, windows: [], credits: null, reset_credits: null };
  const { planType, windows, credits, resetCredits } = report;
  return {
    plan: planType ?? null,
    windows: windows.map(listedWindow),
    credits: credits === undefined ? null : creditsOf(credits),
    reset_credits: resetCredits ?? null,
  };
}

function creditsOf({ has, unlimited, balance }: PlanCredits): ListedPlan['credits'] {
  return { has_credits: has, unlimited, balance: balance ?? null };
}

/** Times come out of login files and upstream answers, where anything may stand. */
export function dateOf(momentMs: number | undefined): string | null {
  return momentMs === undefined || Math.abs(momentMs) > 8.64e15 ? null : new Date(momentMs).toISOString();
}

function listedWindow(window: KnownWindow): ListedWindow {
  const used = Math.min(Math.max(window.usedPercent, 0), 100);
  return {
    window: windowNameOf(window.minutes),
    limit: window.limit,
    window_minutes: window.minutes,
    used_percent: used,
    remaining_percent: 100 - used,
    resets_at: dateOf(window.resetAtMs),
    source: window.source,
    seen_at: dateOf(window.seenAtMs),
  };
}

function listedCooldown({ scope, kind, reason, sinceMs, untilMs, advice }: Cooldown): ListedCooldown {
  return { scope, kind, reason, since: dateOf(sinceMs), until: dateOf(untilMs), advice: advice ?? null };
}
