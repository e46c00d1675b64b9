import { dollarsFromNanos } from '../kernel/money';
import { type RequestRecord } from '../kernel/observer';
import { type Principal } from '../kernel/principal';
import { type LogFields } from './log-fields';
import { type LogLevel } from './logger';
import { scrub, shownModel } from './scrub';

/** Characters of a text that a client chose. */
const longestText = 120;

/** Bugs are errors, what an upstream did to a request is a warning; everything else, refusals among it, is the usual day. */
export function accessLevel({ status, end, errorCode }: RequestRecord): LogLevel {
  if (status === 500 && errorCode === 'server_error') return 'error';
  return status >= 500 || end === 'failed' || end === 'cut' ? 'warn' : 'info';
}

/** The line of one request. `userAgent` is scrubbed already. */
export function accessLine(record: RequestRecord, userAgent: string): LogFields {
  const { usage } = record;
  const { keyHash, keyAlias, team, user } = whoIs(record.principal);
  const model = named(record.requestedModel);
  return {
    requestId: record.requestId,
    traceId: record.traceId,
    route: record.route,
    status: record.status,
    end: record.end,
    errorCode: record.errorCode,
    model,
    upstreamModel: record.upstreamModel === record.requestedModel ? model : named(record.upstreamModel),
    deployment: record.deploymentId,
    account: record.account,
    stream: record.stream,
    keyHash,
    keyAlias,
    team,
    user,
    inputTokens: usage?.inputTokens,
    cachedTokens: usage?.cachedInputTokens,
    outputTokens: usage?.outputTokens,
    reasoningTokens: usage?.reasoningTokens,
    costUsd: record.costNanos === undefined ? undefined : dollarsFromNanos(record.costNanos),
    attempts: record.attempts,
    durationMs: Math.round(record.durationMs),
    queueMs: rounded(record.queueMs),
    upstreamMs: rounded(record.upstreamMs),
    firstContentMs: rounded(record.firstContentMs),
    dropped: record.droppedParams.length === 0 ? undefined : record.droppedParams.map(scrub),
    remappedFrom: named(record.remappedFrom),
    clientIp: record.clientIp,
    userAgent,
  };
}

function named(model: string | undefined): string | undefined {
  return model === undefined ? undefined : shownModel(model);
}

/** Text that a client chose. */
export function foreign(text: string | undefined): string | undefined {
  return text === undefined ? undefined : scrub(text.slice(0, longestText));
}

type Who = Pick<LogFields, 'keyHash' | 'keyAlias' | 'team' | 'user'>;

const nobody: Who = { keyHash: undefined, keyAlias: undefined, team: undefined, user: undefined };
/** A holder is looked up for thousands of requests; its names are scrubbed once. */
const known = new WeakMap<Principal, Who>();

function whoIs(principal: Principal | undefined): Who {
  if (principal === undefined) return nobody;
  const met = known.get(principal);
  if (met !== undefined) return met;
  const who = {
    keyHash: principal.keyHash.slice(0, 16),
    keyAlias: foreign(principal.keyAlias),
    team: foreign(principal.teamAlias ?? principal.teamId),
    user: foreign(principal.userId),
  };
  known.set(principal, who);
  return who;
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}
