import { type ScopeKind } from '../kernel/limits';
import { type TokenUsage } from '../kernel/usage';

/** `exact`: upstream told the usage; `estimated`: it was worked out from what was seen, or from a checkpoint. */
export type RowQuality = 'exact' | 'estimated';

/**
 * One settled request. Written once for each ticket; a row that was estimated for a dead process is replaced, marked late,
 * when its true end is told after all. Money is nano-dollars, times are Unix milliseconds. Holds no prompt and no answer.
 */
export interface LedgerRow {
  /** The ticket's id, which is the request's. */
  readonly id: string;
  /** Route family in LiteLLM's words: `acompletion`, `aresponses`, `compact`, `adjustment`. */
  readonly callType: string;
  readonly keyHash: string;
  readonly keyAlias?: string | undefined;
  readonly teamId?: string | undefined;
  readonly userId?: string | undefined;
  /** End user, as the request named it. */
  readonly customerId?: string | undefined;
  readonly tags: readonly string[];
  /** How many of the last of them have no daily figures of their own: a caller may make up as many as he likes. Undefined: none. */
  readonly uncountedTags?: number | undefined;
  /** When it was admitted: the period it is charged to is the one of this moment. */
  readonly startMs: number;
  readonly firstContentMs?: number | undefined;
  readonly endMs: number;
  /** As asked for; the group whose books the request was entered in; and what went upstream. */
  readonly requestedModel: string;
  readonly modelGroup: string;
  readonly model: string;
  /** Further groups whose books it was entered in, each once: names of limits that mean its model too. Undefined: none. */
  readonly otherGroups?: readonly string[] | undefined;
  readonly deploymentId?: string | undefined;
  /** `codex` or `openai`. */
  readonly provider?: string | undefined;
  readonly apiBase?: string | undefined;
  /** Name of the credential that answered; never an upstream account id or a secret. */
  readonly account?: string | undefined;
  readonly status: 'success' | 'failure';
  /** `AnswerEnd` of the request. One that was `refused` does not count as a request of a budget. */
  readonly end: string;
  readonly errorCode?: string | undefined;
  readonly httpStatus: number;
  readonly stream: boolean;
  readonly usage: TokenUsage;
  readonly spend: number;
  /** Parts per million of the plan's windows that it moved, whole numbers; undefined when that is not known. */
  readonly plan5h?: number | undefined;
  readonly planWeek?: number | undefined;
  /** How `spend` came about; see `protocol/pricing`. */
  readonly cost?: CostParts | undefined;
  readonly tier: {
    readonly requested?: string | undefined;
    readonly actual?: string | undefined;
    readonly billed: string;
  };
  readonly quality: RowQuality;
  /** Settled after its ticket had been given up. */
  readonly late: boolean;
  readonly attempts: number;
  readonly sessionId?: string | undefined;
  readonly clientIp?: string | undefined;
  readonly userAgent?: string | undefined;
  /** `spend_logs_metadata` of key and request: the operator's own words, at most 4 KiB. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Of an adjustment only; the ids above are empty then. */
  readonly adjusts?: Adjustment | undefined;
}

/** Call type of rows that no request made: somebody set the spend of one book. */
export const adjustmentCall = 'adjustment';

/** The one book that an adjustment changes. Its lifetime spend changes by the row's `spend`. */
export interface Adjustment {
  readonly kind: ScopeKind;
  readonly id: string;
  readonly model?: string;
  /** Counter of a money budget's period → by how much it changed, nano-dollars. */
  readonly periods: Readonly<Record<string, number>>;
  /**
   * Id of the adjustment whose meaning for a budget of its period this row tells: the budget was asked for only afterwards.
   * Undefined for one that somebody made.
   */
  readonly follows?: string;
}

/** Parts of a request's cost, nano-dollars each; they need not add up to the last one, since only the sum is rounded once. */
export interface CostParts {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
  readonly discount: number;
  readonly margin: number;
  /** Which price was used: `deployment`, `list`, `base_model`, `dearest`, `zero`. */
  readonly priceSource: string;
}
