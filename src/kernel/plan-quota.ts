/** One window of an upstream plan, as the upstream reports it. */
export interface PlanWindow {
  /** `codex`, or the name of a further limit that only some models count towards. */
  readonly limit: string;
  /** Length. It says which window this is: on free plans the week comes in the place of the five hours. */
  readonly minutes: number;
  /** 0 to 100, fractions allowed. */
  readonly usedPercent: number;
  /** Unix milliseconds. */
  readonly resetAtMs: number | undefined;
}

/** Credits that an account may use beyond its windows. */
export interface PlanCredits {
  readonly has: boolean;
  readonly unlimited: boolean;
  /** As upstream writes it. */
  readonly balance: string | undefined;
}

/** What one answer says about the operator's plan. Never shown to clients unless the operator wants it. */
export interface PlanQuota {
  readonly planType: string | undefined;
  /** The limit that this answer counted towards. */
  readonly activeLimit: string | undefined;
  readonly windows: readonly PlanWindow[];
  readonly credits: PlanCredits | undefined;
  /** How often the account may still reset its windows early; undefined when not told. */
  readonly resetCredits?: number | undefined;
}

/** The windows that people have names for. */
export type WindowName = '5h' | 'week' | 'other';

/** Which window a length means, give or take a tenth. */
export function windowNameOf(minutes: number): WindowName {
  if (Math.abs(minutes - 300) <= 30) return '5h';
  return Math.abs(minutes - 10_080) <= 1_008 ? 'week' : 'other';
}
