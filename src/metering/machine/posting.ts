import { Memo } from '../../kernel/memo';
import { utcDay } from '../../kernel/periods';
import { adjustmentCall, type LedgerRow } from '../ledger-row';
import { type Amounts, amountsOf, isRequest } from './amounts';
import { memberId } from '../../kernel/member-id';
import { bookKey, plainName, safeName } from './book-keys';

/**
 * What a daily figure sums, in the order in which it is stored: spend (nano-dollars), input, cached input, cache-write,
 * output and reasoning tokens, succeeded, failed, requests, and parts per million of the plan's 5-hour and weekly windows.
 */
export type Metrics = readonly number[];

/** Who and what a row is about, as keys have it; empty where there is none. */
export interface RowOwners {
  readonly key: string;
  readonly team: string;
  readonly user: string;
  readonly customer: string;
  /** Model groups whose books it is entered in, the one it is filed under first; empty for none. */
  readonly groups: readonly string[];
  readonly account: string;
  readonly tags: readonly string[];
}

/** Everything that one row changes beside the row itself; worked out once, by whoever settles. */
export interface Posting {
  readonly startMs: number;
  readonly amounts: Amounts;
  /** All names below follow from these. */
  readonly owners: RowOwners;
  /**
   * What the row belongs to by what it says. Whichever of them is open is charged, named at admission or not: that makes a
   * book the sum of its rows at any time. Books without model, then the part of each for every model group of the row.
   */
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
const noNames: readonly string[] = [];
/** Daily figures of all tags that have none of their own. */
const otherTags = '(other tags)';

/** Whether this row was made by `Meter.adjust`. */
export function isAdjustment({ callType }: LedgerRow): boolean {
  return callType === adjustmentCall;
}

/** What follows from whose row it is; the same for many rows, so it is worked out once. */
type OwnPart = Pick<Posting, 'owners' | 'books' | 'indexes' | 'cells' | 'totals' | 'dims'>;

/** What a request's row changes. Pure but for the memory of what it worked out before. */
export function postingOf(row: LedgerRow): Posting {
  const { owners, books, indexes, cells, totals, dims } = ownPartOf(row);
  const { startMs } = row;
  const [amounts, day, metrics] = [amountsOf(row), utcDay(startMs), metricsOf(row)];
  return { startMs, amounts, owners, books, indexes, cells, totals, day, dims, metrics };
}

/** Keys of the books that a row belongs to. */
export function booksOfRow(row: LedgerRow): readonly string[] {
  return ownPartOf(row).books;
}

interface Remembered {
  readonly row: LedgerRow;
  readonly part: OwnPart;
}

/** By the keys' hashes. */
const remembered = new Memo<string, readonly Remembered[]>(2_000);
/** Of one key: the row of a request that has just come knows no account, the one at its end does. */
const mostOfKey = 4;

/** The last parts of each key: its next row is mostly of the same owners and models. */
function ownPartOf(row: LedgerRow): OwnPart {
  const known = remembered.get(row.keyHash);
  if (known !== undefined) for (const each of known) if (hasSameOwners(each.row, row)) return each.part;
  const part = newOwnPart(row);
  remembered.set(row.keyHash, [{ row, part }, ...(known ?? []).slice(0, mostOfKey - 1)]);
  return part;
}

function hasSameOwners(one: LedgerRow, other: LedgerRow): boolean {
  return (
    one.teamId === other.teamId &&
    one.userId === other.userId &&
    one.customerId === other.customerId &&
    one.modelGroup === other.modelGroup &&
    one.model === other.model &&
    one.provider === other.provider &&
    one.callType === other.callType &&
    one.account === other.account &&
    one.uncountedTags === other.uncountedTags &&
    isSameList(one.tags, other.tags) &&
    isSameList(one.otherGroups, other.otherGroups)
  );
}

function isSameList(one: readonly string[] = noNames, other: readonly string[] = noNames): boolean {
  return one.length === other.length && one.every((name, at) => name === other[at]);
}

function newOwnPart(row: LedgerRow): OwnPart {
  const owners = ownersOf(row);
  const listed = ['proxy:all'];
  const indexes = ['all'];
  for (const kind of ['key', 'team', 'user', 'customer'] as const) {
    if (owners[kind] === '') continue;
    const entity = `${kind}:${owners[kind]}`;
    listed.push(entity);
    indexes.push(entity);
  }
  const cells = [...listed];
  for (const tag of owners.tags) cells.push(`tag:${tag}`);
  if (owners.account !== '') cells.push(`account:${owners.account}`);
  const isMember = owners.team !== '' && owners.user !== '';
  const totals = isMember
    ? [...listed, `member:${safeName(memberId(plainName(owners.team), plainName(owners.user)))}`]
    : listed;
  const parts = owners.groups.flatMap((group) => totals.map((book) => `${book}|${group}`));
  return { owners, books: [...totals, ...parts], indexes, cells, totals, dims: dimsOf(row) };
}

function ownersOf(row: LedgerRow): RowOwners {
  const name = (text: string | undefined): string => (text === undefined ? '' : safeName(text));
  return {
    key: name(row.keyHash),
    team: name(row.teamId),
    user: name(row.userId),
    customer: name(row.customerId),
    groups: [...new Set(groupsOf(row).map(safeName))],
    account: name(row.account),
    tags: row.tags.length === 0 ? noNames : [...new Set(countedTags(row).map(safeName))],
  };
}

function groupsOf({ modelGroup, otherGroups = noNames }: LedgerRow): readonly string[] {
  return [modelGroup, ...otherGroups].filter((group) => group !== '');
}

function countedTags({ tags, uncountedTags = 0 }: LedgerRow): readonly string[] {
  const counted = tags.slice(0, Math.min(mostTags, tags.length - uncountedTags));
  return uncountedTags === 0 ? counted : [...counted, otherTags];
}

/**
 * Lists that show an adjustment. Rows that only divide or repeat what another one says are not in the owner's own list, where
 * they would be counted twice.
 */
export function adjustmentIndexes(row: LedgerRow): readonly string[] {
  const { model, follows } = row.adjusts ?? {};
  return model === undefined && follows === undefined ? everyAdjustmentIndex(row) : ['all'];
}

/** Lists that may hold an adjustment, earlier versions put it in all of them. */
export function everyAdjustmentIndex({ adjusts }: LedgerRow): readonly string[] {
  const hasList = adjusts !== undefined && ['key', 'team', 'user', 'customer'].includes(adjusts.kind);
  return hasList ? ['all', bookKey({ kind: adjusts.kind, id: adjusts.id })] : ['all'];
}

function dimsOf(row: LedgerRow): string {
  return [
    row.keyHash, row.teamId, row.userId, row.model, row.modelGroup, row.provider, row.callType, row.account,
    // Last, and only where there are any: an earlier version reads the first eight.
    ...(row.otherGroups ?? noNames),
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
  /** Beside `modelGroup`: further groups whose books its rows were entered in. */
  readonly otherGroups: readonly string[];
}

/** Stored dims again. */
export function dimsFrom(stored: string): CellDims {
  const [keyHash = '', teamId, userId, model = '', modelGroup = '', provider, endpoint = '', account, ...otherGroups] =
    stored.split('|').map(plainName);
  const maybe = (name: string | undefined): string | undefined => (name === '' ? undefined : name);
  const owners = { keyHash, teamId: maybe(teamId), userId: maybe(userId) };
  return { ...owners, model, modelGroup, provider: maybe(provider), endpoint, account: maybe(account), otherGroups };
}

function metricsOf(row: LedgerRow): Metrics {
  const { usage, spend, status, plan5h = 0, planWeek = 0 } = row;
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage;
  const succeeded = status === 'success' ? 1 : 0;
  const requests = isRequest(row) ? 1 : 0;
  return [
    spend, inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens,
    succeeded, 1 - succeeded, requests, plan5h, planWeek,
  ]; // prettier-ignore
}

/** Amounts that budgets count, out of daily metrics. */
export function amountsOfMetrics(metrics: Metrics): Amounts {
  const [spend = 0, input = 0, , , output = 0, , , , requests = 0, plan5h = 0, planWeek = 0] = metrics;
  return { nano_usd: spend, tokens: input + output, requests, plan_5h: plan5h, plan_week: planWeek };
}
