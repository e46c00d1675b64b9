import { type GatewayError } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { type LedgerRow, type RowQuality } from '../metering/ledger-row';
import { type Cost } from '../protocol/pricing/cost-of';
import { type BilledTier } from '../protocol/pricing/service-tier';
import { type Call, isStream, requestedModelOf } from './call';
import { modelOf, type Progress } from './progress';
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
  readonly tier: { readonly requested?: string | undefined; readonly actual?: string | undefined };
  readonly billed: BilledTier | undefined;
  readonly error: GatewayError | undefined;
  /** Parts per million of the plan's windows that it moved. */
  readonly plan5h: number;
  readonly planWeek: number;
}

const noTier = { requested: undefined, actual: undefined };

/** Of a request that has only just come. */
export function nothingYet(ticketId: string, startMs: number): EntryFacts {
  return {
    ticketId,
    startMs,
    endMs: startMs,
    usage: noUsage,
    quality: 'estimated',
    cost: undefined,
    tier: noTier,
    billed: undefined,
    error: undefined,
    plan5h: 0,
    planWeek: 0,
  };
}

const callTypes = { chat: 'acompletion', responses: 'aresponses', native: 'aresponses' } as const;

const longestAgent = 256;

/** Who is not known, and where nothing was asked yet. */
const nobody = { keyHash: '', keyAlias: undefined, teamId: undefined, userId: undefined };
const nowhere = {
  id: undefined,
  provider: undefined,
  apiBase: undefined,
  upstreamModel: undefined,
  credential: { name: undefined },
};

/** The ledger's row of a call, as far as it has come. Pure. One literal: putting rows together of parts takes ten times as long. */
export function ledgerEntry(call: Call, progress: Progress, facts: EntryFacts): LedgerRow {
  const { context, extras } = call;
  const { error, cost, startMs, tier } = facts;
  const who = context.principal ?? nobody;
  const where = progress.deployment ?? nowhere;
  const requestedModel = requestedModelOf(call);
  return {
    id: facts.ticketId,
    callType: callTypeOf(call),
    keyHash: who.keyHash,
    keyAlias: who.keyAlias,
    teamId: who.teamId,
    userId: who.userId,
    customerId: extras.customerId,
    sessionId: extras.sessionId,
    metadata: extras.metadata,
    tags: tagsOf(call),
    uncountedTags: extras.uncountedTags,
    clientIp: context.clientIp,
    userAgent: agentOf(context.userAgent),
    startMs,
    firstContentMs: firstContentOf(progress, facts),
    endMs: facts.endMs,
    requestedModel,
    modelGroup: progress.limitedModels[0] ?? progress.modelGroup ?? requestedModel,
    model: slugOf(progress) ?? where.upstreamModel ?? requestedModel,
    otherGroups: othersOf(progress.limitedModels),
    deploymentId: where.id,
    provider: where.provider,
    apiBase: where.apiBase,
    account: where.credential.name,
    status: error === undefined ? 'success' : 'failure',
    end: endOf(progress, error),
    httpStatus: error === undefined ? 200 : error.status,
    errorCode: error?.code,
    stream: isStream(call),
    usage: facts.usage,
    spend: cost === undefined ? 0 : cost.nanos,
    cost: cost?.parts,
    plan5h: facts.plan5h,
    planWeek: facts.planWeek,
    tier: { requested: tier.requested, actual: tier.actual, billed: billedOf(facts) },
    quality: facts.quality,
    late: false,
    attempts: progress.attempts,
  };
}

function othersOf(limitedModels: readonly string[]): readonly string[] | undefined {
  return limitedModels.length > 1 ? limitedModels.slice(1) : undefined;
}

function callTypeOf({ callType, dialect }: Call): string {
  return callType ?? callTypes[dialect];
}

function slugOf(progress: Progress): string | undefined {
  return modelOf(progress)?.slug;
}

function agentOf(userAgent: string): string {
  return userAgent.length > longestAgent ? userAgent.slice(0, longestAgent) : userAgent;
}

function firstContentOf(
  { firstContentMs, startedMs, admissionStartedMs = startedMs }: Progress,
  { startMs, endMs }: Pick<EntryFacts, 'startMs' | 'endMs'>,
): number | undefined {
  if (firstContentMs === undefined) return undefined;
  // It counts from the arrival of the request, whose body may take its time; a row begins a little after the admission did.
  const uploadMs = admissionStartedMs - startedMs;
  return Math.min(endMs, Math.round(startMs + Math.max(0, firstContentMs - uploadMs)));
}

function endOf({ end }: Progress, error: GatewayError | undefined): string {
  return end ?? (error === undefined ? 'completed' : 'failed');
}

function billedOf({ billed }: EntryFacts): string {
  return billed === undefined ? 'standard' : billed.tier;
}

/** Of key and request, each once; those that are not counted stay the last. */
export function tagsOf({ context, extras }: Call): readonly string[] {
  const own = context.principal?.policy.tags ?? [];
  if (own.length === 0) return extras.tags;
  return extras.tags.length === 0 ? own : [...new Set([...own, ...extras.tags])];
}
