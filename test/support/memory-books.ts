import { type ScopeKind } from '../../src/kernel/limits';
import { Bookkeeper, type Reconciliation } from '../../src/metering/bookkeeper';
import {
  Ledger,
  type LedgerPage,
  type LedgerQuery,
  type RollupCell,
  type RollupKind,
  type ScopeCounters,
  type SpentQuery,
  type SpentSums,
} from '../../src/metering/ledger';
import { type LedgerRow } from '../../src/metering/ledger-row';
import { type LimitState } from '../../src/metering/meter';
import { StateUnavailable } from '../../src/state/state-unavailable';

/** A row of the suite: one successful chat of alice's key, changed as the test wants. */
export function ledgerRow(changes: Partial<LedgerRow> & Pick<LedgerRow, 'id'>): LedgerRow {
  return {
    callType: 'acompletion',
    keyHash: 'hash-alice',
    keyAlias: 'alice-laptop',
    teamId: 'core',
    userId: 'alice',
    tags: [],
    startMs: Date.UTC(2026, 10, 20, 12),
    endMs: Date.UTC(2026, 10, 20, 12, 0, 3),
    requestedModel: 'team-default',
    modelGroup: 'team-default',
    model: 'gpt-5.5',
    deploymentId: 'd1',
    provider: 'codex',
    apiBase: 'https://chatgpt.com/backend-api/codex',
    account: 'work',
    status: 'success',
    end: 'completed',
    httpStatus: 200,
    stream: true,
    usage: { inputTokens: 1_000, cachedInputTokens: 400, cacheWriteTokens: 0, outputTokens: 100, reasoningTokens: 40 },
    spend: 6_200_000,
    tier: { billed: 'standard' },
    quality: 'exact',
    late: false,
    attempts: 1,
    ...changes,
  };
}

/** The books in memory, for suites of those who read them. Keeps rows in the order of their start. */
export class MemoryLedger extends Ledger {
  readonly rows: LedgerRow[] = [];
  /** Queries that were asked, for suites that care how. */
  readonly asked: LedgerQuery[] = [];
  /** The state cannot be reached. */
  isAway = false;

  add(...rows: readonly LedgerRow[]): void {
    this.rows.push(...rows);
    this.rows.sort((left, right) => left.startMs - right.startMs || (left.id < right.id ? -1 : 1));
  }

  row(id: string): Promise<LedgerRow | undefined> {
    return Promise.resolve(this.rows.find((row) => row.id === id));
  }

  page(query: LedgerQuery): Promise<LedgerPage> {
    this.asked.push(query);
    if (this.isAway) return Promise.reject(new StateUnavailable('offline'));
    const { matches } = query;
    const named = this.rows.filter((row) => isNamed(row, query));
    const found = matches === undefined ? named : named.filter(matches);
    const ordered = query.order === 'newest' ? [...found].reverse() : found;
    const rows = ordered.slice(query.offset, query.offset + query.limit);
    const isTotalExact = matches === undefined;
    return Promise.resolve({ rows, total: isTotalExact ? named.length : query.offset + rows.length, isTotalExact });
  }

  days(kind: RollupKind, id: string | undefined, from: string, to: string): Promise<readonly RollupCell[]> {
    const cells = this.rows.flatMap((row) =>
      idsOf(row, kind)
        .filter((each) => id === undefined || each === id)
        .map((each) => cellOf(row, kind, each)),
    );
    return Promise.resolve(cells.filter(({ day }) => day >= from && day <= to));
  }

  counters(scopes: readonly { readonly kind: ScopeKind; readonly id: string }[]): Promise<readonly ScopeCounters[]> {
    return Promise.resolve(
      scopes.map(({ kind, id }) => {
        const own = this.rows.filter((row) => kind === 'proxy' || idsOf(row, kind as RollupKind).includes(id));
        return { kind, id, spent: own.reduce((sum, { spend }) => sum + spend, 0), held: 0, running: 0, budgets: [] };
      }),
    );
  }

  async spent(queries: readonly SpentQuery[]): Promise<readonly SpentSums[]> {
    const all = await this.counters(queries.map(({ book }) => book));
    return all.map(({ spent }) => ({ total: spent, inPeriod: spent }));
  }
}

/** Answers what it was told, and remembers what it was asked. */
export class ScriptedBookkeeper extends Bookkeeper {
  readonly repairs: boolean[] = [];
  found: Reconciliation = { checked: 0, mismatches: [], repaired: 0, tookMs: 0 };

  resets = 0;

  reconcile(repair: boolean): Promise<Reconciliation> {
    this.repairs.push(repair);
    return Promise.resolve(this.found);
  }

  resetSpend(): Promise<number> {
    this.resets += 1;
    return Promise.resolve(3);
  }

  limits(): Promise<readonly LimitState[]> {
    return Promise.resolve([]);
  }
}

function isNamed(row: LedgerRow, query: LedgerQuery): boolean {
  return (
    (query.keyHash === undefined || row.keyHash === query.keyHash) &&
    (query.teamId === undefined || row.teamId === query.teamId) &&
    (query.userId === undefined || row.userId === query.userId) &&
    (query.customerId === undefined || row.customerId === query.customerId) &&
    row.startMs >= (query.fromMs ?? 0) &&
    row.startMs < (query.untilMs ?? Infinity)
  );
}

function idsOf(row: LedgerRow, kind: RollupKind): readonly string[] {
  if (kind === 'tag') return row.tags;
  const ids = {
    proxy: 'all',
    key: row.keyHash,
    team: row.teamId,
    user: row.userId,
    customer: row.customerId,
    account: row.account,
  };
  const id = ids[kind];
  return id === undefined ? [] : [id];
}

function cellOf(row: LedgerRow, kind: RollupKind, id: string): RollupCell {
  const { usage } = row;
  return {
    day: new Date(row.startMs).toISOString().slice(0, 10),
    kind,
    id,
    keyHash: row.keyHash,
    teamId: row.teamId ?? '',
    userId: row.userId ?? '',
    model: row.model,
    modelGroup: row.modelGroup,
    provider: row.provider ?? '',
    endpoint: row.callType,
    account: row.account ?? '',
    metrics: {
      spend: row.spend,
      inputTokens: usage.inputTokens,
      cachedInputTokens: usage.cachedInputTokens,
      cacheWriteTokens: usage.cacheWriteTokens,
      outputTokens: usage.outputTokens,
      reasoningTokens: usage.reasoningTokens,
      succeeded: row.status === 'success' ? 1 : 0,
      failed: row.status === 'failure' ? 1 : 0,
    },
  };
}
