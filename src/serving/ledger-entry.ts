import { type GatewayError } from '../kernel/errors';
import { type TokenUsage } from '../kernel/usage';
import { type LedgerRow, type RowQuality } from '../metering/ledger-row';
import { type Cost } from '../protocol/pricing/cost-of';
import { type BilledTier } from '../protocol/pricing/service-tier';
import { type Call, requestedModelOf } from './call';
import { type Progress } from './progress';

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
}

const callTypes = { chat: 'acompletion', responses: 'aresponses', native: 'aresponses' } as const;

/** The ledger's row of a call, as far as it has come. Pure. */
export function ledgerEntry(call: Call, progress: Progress, facts: EntryFacts): LedgerRow {
  const { context, extras } = call;
  const { principal } = context;
  const { deployment, routed } = progress;
  const { error, cost } = facts;
  return {
    id: facts.ticketId,
    callType: call.callType ?? callTypes[call.dialect],
    keyHash: principal?.keyHash ?? '',
    ...present('keyAlias', principal?.keyAlias),
    ...present('teamId', principal?.teamId),
    ...present('userId', principal?.userId),
    ...present('customerId', extras.customerId),
    tags: tagsOf(call),
    startMs: facts.startMs,
    ...present(
      'firstContentMs',
      progress.firstContentMs === undefined ? undefined : Math.round(facts.startMs + progress.firstContentMs),
    ),
    endMs: facts.endMs,
    requestedModel: requestedModelOf(call),
    modelGroup: progress.modelGroup ?? requestedModelOf(call),
    model: routed?.answer.model.slug ?? deployment?.upstreamModel ?? requestedModelOf(call),
    ...present('deploymentId', deployment?.id),
    ...present('provider', deployment?.provider),
    ...present('apiBase', deployment?.apiBase),
    ...present('account', deployment?.credential.name),
    status: error === undefined ? 'success' : 'failure',
    end: progress.end ?? 'failed',
    ...present('errorCode', error?.code),
    httpStatus: error?.status ?? 200,
    stream: call.dialect === 'native' || call.client.stream,
    usage: facts.usage,
    spend: cost?.nanos ?? 0,
    ...present('cost', cost?.parts),
    tier: { ...facts.tier, billed: facts.billed?.tier ?? 'standard' },
    quality: facts.quality,
    late: false,
    attempts: progress.attempts,
    ...present('sessionId', extras.sessionId),
    clientIp: context.clientIp,
    userAgent: context.userAgent.slice(0, longestAgent),
    ...present('metadata', extras.metadata),
  };
}

const longestAgent = 256;

/** Of key and request, each once. */
function tagsOf({ context, extras }: Call): readonly string[] {
  const own = context.principal?.policy.tags ?? [];
  if (own.length === 0) return extras.tags;
  return extras.tags.length === 0 ? own : [...new Set([...own, ...extras.tags])];
}

function present<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]?: Value });
}
