import { type GatewayError } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { type LedgerRow, type RowQuality } from '../metering/ledger-row';
import { type Cost } from '../protocol/pricing/cost-of';
import { type BilledTier } from '../protocol/pricing/service-tier';
import { type Call, requestedModelOf } from './call';
import { type Progress } from './progress';
import { noUsage } from './seen-usage';

/** What a row says that is not known of the call and its progress. */
export interface EntryFacts {
  readonly ticketId: string;
  /** Moments on the Unix clock, milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly usage: TokenUsage;
  readonly quality: RowQuality;
  /** Undefined when nothing was used. */
  readonly cost: Cost | undefined;
  readonly tier: { readonly requested?: string; readonly actual?: string };
  readonly billed: BilledTier | undefined;
  readonly error: GatewayError | undefined;
  /** Parts per million of the plan's windows that it moved. */
  readonly plan5h: number;
  readonly planWeek: number;
}

/** A row of a request that has only just come. */
export const nothingYet = {
  usage: noUsage,
  quality: 'estimated',
  cost: undefined,
  tier: {},
  billed: undefined,
  error: undefined,
  plan5h: 0,
  planWeek: 0,
} as const;

const callTypes = { chat: 'acompletion', responses: 'aresponses', native: 'aresponses' } as const;

/** The ledger's row of a call, as far as it has come. Pure. */
export function ledgerEntry(call: Call, progress: Progress, facts: EntryFacts): LedgerRow {
  const { error, cost, startMs } = facts;
  return {
    id: facts.ticketId,
    callType: call.callType ?? callTypes[call.dialect],
    ...whoOf(call),
    startMs,
    ...firstContentOf(progress, startMs),
    endMs: facts.endMs,
    requestedModel: requestedModelOf(call),
    modelGroup: progress.modelGroup ?? requestedModelOf(call),
    ...whereOf(call, progress),
    ...endOf(progress, error),
    stream: call.dialect === 'native' || call.client.stream,
    usage: facts.usage,
    spend: cost?.nanos ?? 0,
    ...(cost === undefined ? {} : { cost: cost.parts }),
    plan5h: facts.plan5h,
    planWeek: facts.planWeek,
    tier: { ...facts.tier, billed: facts.billed?.tier ?? 'standard' },
    quality: facts.quality,
    late: false,
    attempts: progress.attempts,
  };
}

const longestAgent = 256;

type Who = Pick<LedgerRow, 'keyHash' | 'tags'> & Partial<LedgerRow>;

function whoOf(call: Call): Who {
  const { context, extras } = call;
  const { principal } = context;
  return {
    keyHash: principal?.keyHash ?? '',
    ...present('keyAlias', principal?.keyAlias),
    ...present('teamId', principal?.teamId),
    ...present('userId', principal?.userId),
    ...present('customerId', extras.customerId),
    ...present('sessionId', extras.sessionId),
    ...present('metadata', extras.metadata),
    tags: tagsOf(call),
    clientIp: context.clientIp,
    userAgent: context.userAgent.slice(0, longestAgent),
  };
}

function firstContentOf({ firstContentMs }: Progress, startMs: number): Pick<LedgerRow, 'firstContentMs'> {
  return firstContentMs === undefined ? {} : { firstContentMs: Math.round(startMs + firstContentMs) };
}

type Where = Pick<LedgerRow, 'model' | 'deploymentId' | 'provider' | 'apiBase' | 'account'>;

function whereOf(call: Call, { deployment, routed }: Progress): Where {
  const model = routed?.answer.model.slug ?? deployment?.upstreamModel ?? requestedModelOf(call);
  if (deployment === undefined) return { model };
  const { id, provider, apiBase, credential } = deployment;
  return { model, deploymentId: id, provider, apiBase, account: credential.name };
}

function endOf(
  { end }: Progress,
  error: GatewayError | undefined,
): Pick<LedgerRow, 'status' | 'end' | 'httpStatus' | 'errorCode'> {
  if (error === undefined) return { status: 'success', end: end ?? 'completed', httpStatus: 200 };
  return { status: 'failure', end: end ?? 'failed', httpStatus: error.status, errorCode: error.code };
}

/** Of key and request, each once. */
function tagsOf({ context, extras }: Call): readonly string[] {
  const own = context.principal?.policy.tags ?? [];
  if (own.length === 0) return extras.tags;
  return extras.tags.length === 0 ? own : [...new Set([...own, ...extras.tags])];
}

function present<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}
