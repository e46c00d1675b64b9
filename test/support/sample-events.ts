import { type AttemptRecord, type Observer, type RequestRecord } from '../../src/kernel/observer';
import { openPolicy, type Principal } from '../../src/kernel/principal';

const codexBase = 'https://chatgpt.com/backend-api/codex';
const hourMs = 3_600_000;

/** A holder with everything that labels tell. */
export function holder(name: string): Principal {
  return {
    kind: 'virtual',
    role: 'internal_user',
    keyHash: name.padEnd(64, '0'),
    keyAlias: `${name}-key`,
    teamId: `team-${name}`,
    teamAlias: `Team ${name}`,
    userId: `user-${name}`,
    userEmail: `${name}@example.com`,
    policy: openPolicy,
    scopes: [],
    modelScopes: new Map(),
  };
}

/** A streamed answer that went well. */
export function requestRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    requestId: 'req_1',
    route: '/v1/chat/completions',
    principal: holder('ann'),
    requestedModel: 'team-fast',
    modelLabel: 'team-fast',
    upstreamModel: 'gpt-5.5',
    deploymentId: 'd1',
    apiBase: codexBase,
    account: 'default',
    stream: true,
    status: 200,
    end: 'completed',
    errorCode: undefined,
    errorType: undefined,
    usage: { inputTokens: 900, cachedInputTokens: 640, cacheWriteTokens: 8, outputTokens: 120, reasoningTokens: 40 },
    costNanos: 2_400_000,
    cacheSavedNanos: 700_000,
    attempts: 1,
    durationMs: 2_100,
    queueMs: 3,
    upstreamMs: 2_090,
    firstContentMs: 400,
    droppedParams: ['max_tokens'],
    remappedFrom: undefined,
    customerId: 'customer-7',
    clientIp: '203.0.113.7',
    userAgent: 'OpenAI/Python 1.2.3',
    ...changes,
  };
}

/** A call that showed content. */
export function attemptRecord(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    modelLabel: 'team-fast',
    upstreamModel: 'gpt-5.5',
    deploymentId: 'd1',
    apiBase: codexBase,
    principal: holder('ann'),
    failure: undefined,
    upstreamStatus: 200,
    durationMs: 400,
    ...changes,
  };
}

/** A few requests of several holders, with every ending and every event that an observer can be told. */
export function tellEverything(observer: Observer, nowMs: number): void {
  tellRequests(observer);
  tellRouting(observer, nowMs);
  tellAccounts(observer, nowMs);
  tellBooks(observer, nowMs);
  tellState(observer);
}

function tellRequests(observer: Observer): void {
  const broken = { status: 502, errorCode: 'server_error', errorType: 'bad_gateway', usage: undefined } as const;
  for (const name of ['ann', 'bob']) {
    const principal = holder(name);
    observer.attemptEnded(attemptRecord({ principal }));
    observer.requestEnded(requestRecord({ principal }));
    observer.requestEnded(requestRecord({ principal, stream: false, route: '/v1/responses', attempts: 2 }));
    observer.requestEnded(requestRecord({ principal, remappedFrom: 'gpt-5.1', end: 'incomplete' }));
  }
  observer.attemptEnded(attemptRecord({ failure: 'server_error', upstreamStatus: 500 }));
  observer.requestEnded(requestRecord({ ...broken, end: 'failed', firstContentMs: undefined }));
  observer.requestEnded(requestRecord({ ...broken, status: 200, end: 'cut' }));
  observer.requestEnded(requestRecord({ end: 'client_gone', usage: undefined, errorCode: 'client_closed_request' }));
  observer.requestEnded(requestRecord({ usage: undefined }));
  const early = { upstreamMs: undefined, firstContentMs: undefined, usage: undefined, end: 'refused' } as const;
  const nowhere = { deploymentId: undefined, apiBase: undefined, upstreamModel: undefined, stream: false } as const;
  observer.requestEnded(
    requestRecord({ ...early, ...nowhere, status: 429, errorCode: 'budget_exceeded', errorType: 'budget_exceeded' }),
  );
  observer.requestEnded(
    requestRecord({ ...early, ...nowhere, principal: undefined, status: 401, errorCode: 'invalid_api_key' }),
  );
}

function tellRouting(observer: Observer, nowMs: number): void {
  const deployment = { deploymentId: 'd2', upstreamModel: 'gpt-5.5', apiBase: codexBase } as const;
  const limits = { rpmLimit: 60, tpmLimit: 100_000 };
  observer.deploymentsAre([{ ...deployment, ...limits, modelGroup: 'team-fast', account: 'spare' }]);
  observer.retried({ modelLabel: 'team-fast', deploymentId: 'd1', failure: 'server_error', waitMs: 200 });
  const fallback = {
    from: 'team-fast',
    to: 'team-spare',
    kind: 'general',
    failure: 'quota_exhausted',
    upstreamStatus: 429,
    deploymentId: 'd3',
    principal: holder('ann'),
  } as const;
  observer.fellBack({ ...fallback, succeeded: true });
  observer.fellBack({ ...fallback, succeeded: false });
  observer.attemptEnded(attemptRecord({ ...deployment, failure: 'quota_exhausted', upstreamStatus: 429 }));
  observer.cooldownChanged({ scope: 'account', name: 'spare', kind: 'quota', untilMs: nowMs + hourMs });
  const affinity = { bond: 'soft', modelLabel: 'team-fast', inputTokens: 900, cachedInputTokens: 640 } as const;
  for (const outcome of ['hit', 'hit', 'break'] as const) observer.affinityEnded({ ...affinity, outcome });
  observer.upstreamLimitsSeen({
    modelLabel: 'team-spare',
    deploymentId: 'd3',
    upstreamModel: 'gpt-5',
    apiBase: 'https://api.openai.com/v1',
    principal: holder('ann'),
    remainingRequests: 420,
    remainingTokens: 180_000,
  });
}

function tellAccounts(observer: Observer, nowMs: number): void {
  const accounts = [
    { account: 'work', plan: 'pro', condition: 'ok' },
    { account: 'spare', plan: 'plus', condition: 'quarantined' },
  ] as const;
  observer.accountsAre(accounts.map(({ account }) => account));
  for (const [index, account] of accounts.entries()) {
    observer.accountStateSeen({
      ...account,
      tokenExpiresAtMs: nowMs + 200 * hourMs,
      lastRefreshMs: nowMs - 20 * hourMs,
    });
    observer.accountQuotaSeen({
      account: account.account,
      quota: {
        planType: account.plan,
        activeLimit: 'codex',
        windows: [
          { limit: 'codex', minutes: 300, usedPercent: 42 + index * 50, resetAtMs: nowMs + 2 * hourMs },
          { limit: 'codex', minutes: 10_080, usedPercent: 30, resetAtMs: nowMs + 90 * hourMs },
        ],
        credits: { has: true, unlimited: false, balance: '12.5' },
      },
    });
  }
  observer.accountsAre(['work', 'spare', 'left']);
  observer.accountStateSeen({
    account: 'left',
    condition: 'quarantined',
    plan: undefined,
    tokenExpiresAtMs: undefined,
    lastRefreshMs: undefined,
  });
  observer.accountsAre(['work', 'spare']);
  observer.refreshDone({ account: 'work', outcome: 'renewed', durationMs: 310 });
  observer.refreshDone({ account: 'spare', outcome: 'refused', durationMs: 210 });
}

function tellBooks(observer: Observer, nowMs: number): void {
  const hold = { holdNanos: 5_000_000, holdTokens: 1_200, durationMs: 0.8 } as const;
  observer.ticketHeld({ ...hold, outcome: 'admitted' });
  observer.ticketHeld({ ...hold, outcome: 'refused', scope: 'key', limit: 'nano_usd' });
  for (const kind of ['settled', 'estimated', 'reaped', 'late', 'replayed', 'void'] as const) {
    observer.ticketSettled({ kind, holdNanos: 5_000_000, costNanos: 2_400_000, durationMs: 1.1 });
  }
  observer.settlementsWaiting(2);
  observer.reaped({ tickets: 1, durationMs: 12 });
  observer.reconciled({ checked: 40, mismatches: 1, repaired: 1, durationMs: 150 });
  observer.leftWrongKnown(1);
  const money = { limit: 'nano_usd', period: '30d', max: 25e9, used: 21e9, resetAtMs: nowMs + 72 * hourMs } as const;
  observer.limitSeen({ ...money, scope: 'key', scopeId: holder('ann').keyHash, name: 'ann-key' });
  observer.limitsMoved({
    limits: [{ ...money, scope: 'key', scopeId: holder('ann').keyHash }],
    nanos: -400_000,
    tokens: 0,
  });
  observer.limitSeen({ ...money, scope: 'team', scopeId: 'team-ann', name: 'Team ann' });
  observer.limitSeen({ ...money, scope: 'user', scopeId: 'user-ann' });
  observer.limitSeen({ ...money, scope: 'customer', scopeId: 'customer-7' });
  const window = {
    scope: 'key',
    scopeId: holder('ann').keyHash,
    name: 'ann-key',
    model: 'team-fast',
    period: 'window',
  } as const;
  observer.limitSeen({ ...window, limit: 'requests', max: 60, used: 12 });
  observer.limitSeen({ ...window, limit: 'tokens', max: 90_000, used: 10_000 });
}

function tellState(observer: Observer): void {
  observer.stateCommandDone({ command: 'admit', outcome: 'ok', durationMs: 0.6 });
  observer.stateCommandDone({ command: 'settle', outcome: 'timeout', durationMs: 150 });
  observer.breakerChanged({ breaker: 'redis', open: true });
  observer.breakerChanged({ breaker: 'redis', open: false });
  observer.stateSeen({ degraded: false, memoryUsedBytes: 12e6, memoryMaxBytes: 64e6 });
  observer.instructionsUsed({ source: 'release', sha256: 'ab'.repeat(32), ageMs: 60_000 });
  observer.instructionsFetched({ outcome: 'unchanged', durationMs: 90 });
}
