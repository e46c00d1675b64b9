import { utcDay } from '../../kernel/periods';
import { adjustmentCall, type LedgerRow } from '../ledger-row';
import { type Amounts, amountsOf } from './amounts';
import { bookKey, memberId, plainName, safeName } from './book-keys';

/** What a daily figure sums, in the order in which it is stored. Money is nano-dollars, `plan*` parts per million. */
export const metricNames = [
  'spend', 'inputTokens', 'cachedInputTokens', 'cacheWriteTokens', 'outputTokens', 'reasoningTokens',
  'succeeded', 'failed', 'requests', 'plan5h', 'planWeek',
] as const; // prettier-ignore

/** Values of `metricNames`. */
export type Metrics = readonly number[];

/** Who and what a row is about, as keys have it; empty where there is none. */
export interface RowOwners {
  readonly key: string;
  readonly team: string;
  readonly user: string;
  readonly customer: string;
  readonly group: string;
  readonly account: string;
  readonly tags: readonly string[];
}

/** Everything that one row changes beside the row itself; worked out once, by whoever settles. */
export interface Posting {
  readonly startMs: number;
  readonly amounts: Amounts;
  /** All names below follow from these. */
  readonly owners: RowOwners;
  /** Books without model, then, where `group` is not empty, the part of each for that group. */
  readonly books: readonly string[];
  /** Names of the ordered lists that hold the row: `all`, `key:…`, `team:…`, `user:…`, `customer:…`. */
  readonly indexes: readonly string[];
  /** Daily figures, by `kind:id`; empty for an adjustment, which is no activity. */
  readonly cells: readonly string[];
  /** Daily sums over all models and callers, by `kind:id`. */
  readonly totals: readonly string[];
  readonly day: string;
  /** What tells a cell from others of its day, as stored. */
  readonly dims: string;
  readonly metrics: Metrics;
}

const mostTags = 32;
const noTags: readonly string[] = [];

/** Whether this row was made by `Meter.adjust`. */
export function isAdjustment({ callType }: LedgerRow): boolean {
  return callType === adjustmentCall;
}

/** What a request's row changes. Pure. */
export function postingOf(row: LedgerRow): Posting {
  const owners = ownersOf(row);
  const listed = ['proxy:all'];
  const indexes = ['all'];
  for (const kind of ['key', 'team', 'user', 'customer'] as const) {
    if (owners[kind] === '') continue;
    listed.push(`${kind}:${owners[kind]}`);
    indexes.push(`${kind}:${owners[kind]}`);
  }
  const cells = [...listed];
  for (const tag of owners.tags) cells.push(`tag:${tag}`);
  if (owners.account !== '') cells.push(`account:${owners.account}`);
  return {
    startMs: row.startMs,
    amounts: amountsOf(row),
    owners,
    books: booksOf(owners, listed),
    indexes,
    cells,
    totals: owners.team !== '' && owners.user !== '' ? [...listed, memberOf(owners)] : listed,
    day: utcDay(row.startMs),
    dims: dimsOf(row),
    metrics: metricsOf(row),
  };
}

function ownersOf(row: LedgerRow): RowOwners {
  const name = (text: string | undefined): string => (text === undefined ? '' : safeName(text));
  return {
    key: name(row.keyHash),
    team: name(row.teamId),
    user: name(row.userId),
    customer: name(row.customerId),
    group: name(row.modelGroup),
    account: name(row.account),
    tags: row.tags.length === 0 ? noTags : [...new Set(row.tags.slice(0, mostTags).map(safeName))],
  };
}

/**
 * The books that a request belongs to by what its row says. Whichever of them is open is charged, named at admission or
 * not, and so is its part for the row's model group: that makes a book the sum of its rows at any time.
 */
function booksOf(owners: RowOwners, listed: readonly string[]): readonly string[] {
  const { team, user, group } = owners;
  const books = team !== '' && user !== '' ? [...listed, memberOf(owners)] : listed;
  return group === '' ? books : [...books, ...books.map((book) => `${book}|${group}`)];
}

function memberOf({ team, user }: RowOwners): string {
  return `member:${memberId(team, user)}`;
}

/** What an adjustment changes: one book, beside its own row. */
export function adjustedBook(row: LedgerRow): string {
  if (row.adjusts === undefined) throw new TypeError('a row of an adjustment names its book');
  return bookKey(row.adjusts);
}

/** Lists that show an adjustment. */
export function adjustmentIndexes({ adjusts }: LedgerRow): readonly string[] {
  const hasList = adjusts !== undefined && ['key', 'team', 'user', 'customer'].includes(adjusts.kind);
  return hasList ? ['all', bookKey({ kind: adjusts.kind, id: adjusts.id })] : ['all'];
}

function dimsOf(row: LedgerRow): string {
  return [
    row.keyHash, row.teamId, row.userId, row.model, row.modelGroup, row.provider, row.callType, row.account,
  ].map((each) => (each === undefined ? '' : safeName(each))).join('|'); // prettier-ignore
}

/** What a cell is split by. */
export interface CellDims {
  readonly keyHash: string;
  /** Undefined, here and below: there is none. */
  readonly teamId: string | undefined;
  readonly userId: string | undefined;
  readonly model: string;
  readonly modelGroup: string;
  readonly provider: string | undefined;
  readonly endpoint: string;
  readonly account: string | undefined;
}

/** Stored dims again. */
export function dimsFrom(stored: string): CellDims {
  const [keyHash = '', teamId, userId, model = '', modelGroup = '', provider, endpoint = '', account] = stored.split('|').map(plainName); // prettier-ignore
  const maybe = (name: string | undefined): string | undefined => (name === '' ? undefined : name);
  const owners = { keyHash, teamId: maybe(teamId), userId: maybe(userId) };
  return { ...owners, model, modelGroup, provider: maybe(provider), endpoint, account: maybe(account) };
}

function metricsOf(row: LedgerRow): Metrics {
  const { usage, spend, status, plan5h = 0, planWeek = 0 } = row;
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage;
  const succeeded = status === 'success' ? 1 : 0;
  const tokens = [inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens];
  return [spend, ...tokens, succeeded, 1 - succeeded, amountsOf(row).requests, plan5h, planWeek];
}

/** Amounts that budgets count, out of daily metrics. */
export function amountsOfMetrics(metrics: Metrics): Amounts {
  const [spend = 0, input = 0, , , output = 0, , , , requests = 0, plan5h = 0, planWeek = 0] = metrics;
  return { nano_usd: spend, tokens: input + output, requests, plan_5h: plan5h, plan_week: planWeek };
}
