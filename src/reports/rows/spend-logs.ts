import { Injectable } from '@nestjs/common';
import { invalidRequest } from '../../kernel/errors';
import { Ledger, type LedgerPage } from '../../metering/ledger';
import { type LedgerRow } from '../../metering/ledger-row';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { requestIdIn } from '../../protocol/chat/chat-sink';
import { sees, type Sight } from '../sight';
import { type Parameters, type RowFilter, rowFilter } from './spend-log-filter';
import { spendLogRow } from './spend-log-row';

/** Rows that one answer may hold at most. */
const mostRows = 5_000;
const mostPerPage = 1_000;
/** Rows that are sorted by something the ledger is not sorted by. */
const mostSorted = 10_000;
/** Rows read at once for that. */
const readAtOnce = 1_000;

const sortings: ReadonlyMap<string, (row: LedgerRow) => number> = new Map([
  ['spend', (row) => row.spend],
  ['total_tokens', (row) => row.usage.inputTokens + row.usage.outputTokens],
  ['endTime', (row) => row.endMs],
  ['request_duration_ms', (row) => row.endMs - row.startMs],
]);

/** The spend log: single rows, lists and pages, each held to what the caller may see. */
@Injectable()
export class SpendLogs {
  constructor(private readonly ledger: Ledger) {}

  /** The row of a request or of a chat's answer, as a list of one; empty when there is none that the caller may see. */
  async byRequest(id: string, sight: Sight): Promise<readonly JsonObject[]> {
    const row = await this.ledger.row(requestIdIn(id));
    return row === undefined || !sees(sight, row) ? [] : [spendLogRow(row, sight)];
  }

  /** LiteLLM's `/spend/logs` without a summary: the newest rows, at most 5 000. */
  async list(parameters: Parameters, sight: Sight): Promise<readonly JsonObject[]> {
    const query = { ...rowFilter(parameters, sight), order: 'newest' as const, offset: 0, limit: mostRows };
    const { rows } = await this.ledger.page(query);
    return rows.map((row) => spendLogRow(row, sight));
  }

  /**
   * LiteLLM's `/spend/logs/v2` and `/spend/logs/ui`: one page. `total` is what the ledger knows; with filters that look at
   * single rows it counts what was found so far, and `total_is_exact` says so.
   *
   * @throws {GatewayError} 400 naming the field.
   */
  async page(parameters: Parameters, sight: Sight): Promise<JsonObject> {
    for (const name of ['start_date', 'end_date']) {
      if (!parameters.has(name)) throw invalidRequest(`'${name}' is required, as YYYY-MM-DD HH:MM:SS in UTC.`, name);
    }
    const page = wholeIn(parameters, 'page', 1, Number.MAX_SAFE_INTEGER);
    const size = wholeIn(parameters, 'page_size', 50, mostPerPage);
    const offset = (page - 1) * size;
    const id = parameters.get('request_id');
    if (id !== undefined) return pageOf(await this.byRequest(id, sight), { page, size, total: 1, isTotalExact: true });
    const filter = rowFilter(parameters, sight);
    const order = orderIn(parameters);
    const sortBy = parameters.get('sort_by') ?? 'startTime';
    const found =
      sortBy === 'startTime'
        ? await this.ledger.page({ ...filter, order, offset, limit: size })
        : await this.sorted(filter, sortBy, order, { offset, size });
    const rows = found.rows.map((row) => spendLogRow(row, sight));
    return pageOf(rows, { page, size, total: totalOf(found, offset, size), isTotalExact: found.isTotalExact });
  }

  private async sorted(
    filter: RowFilter,
    sortBy: string,
    order: 'newest' | 'oldest',
    { offset, size }: { readonly offset: number; readonly size: number },
  ): Promise<LedgerPage> {
    const valueOf = sortings.get(sortBy);
    if (valueOf === undefined) {
      const known = ['startTime', ...sortings.keys()].join(', ');
      throw invalidRequest(`'sort_by' must be one of: ${known}.`, 'sort_by');
    }
    const rows: LedgerRow[] = [];
    for (let at = 0; ; at += readAtOnce) {
      const part = await this.ledger.page({ ...filter, order, offset: at, limit: readAtOnce });
      rows.push(...part.rows);
      if (part.rows.length < readAtOnce) break;
      if (rows.length >= mostSorted) throw tooManyToSort(sortBy);
    }
    const sign = order === 'newest' ? -1 : 1;
    rows.sort((left, right) => sign * (valueOf(left) - valueOf(right)));
    return { rows: rows.slice(offset, offset + size), total: rows.length, isTotalExact: true };
  }
}

/** LiteLLM's words for a page. */
function pageOf(
  data: readonly JsonObject[],
  { page, size, total, isTotalExact }: { page: number; size: number; total: number; isTotalExact: boolean },
): JsonObject {
  const known = data.length === 0 && page === 1 ? 0 : total;
  return {
    data,
    total: known,
    page,
    page_size: size,
    total_pages: Math.ceil(known / size),
    ...(isTotalExact ? {} : { total_is_exact: false }),
  };
}

/** A full page of an inexact total may have another one behind it: clients go on until a page is not full. */
function totalOf({ rows, total, isTotalExact }: LedgerPage, offset: number, size: number): number {
  if (isTotalExact) return total;
  return Math.max(total, offset + rows.length + (rows.length === size ? 1 : 0));
}

function orderIn(parameters: Parameters): 'newest' | 'oldest' {
  const order = parameters.get('sort_order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw invalidRequest("'sort_order' must be asc or desc.", 'sort_order');
  return order === 'desc' ? 'newest' : 'oldest';
}

/** A whole number from 1; more than the most is the most. @throws {GatewayError} 400 naming `name`. */
export function wholeIn(parameters: Parameters, name: string, fallback: number, most: number): number {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw invalidRequest(`'${name}' must be a whole number, 1 or more.`, name);
  }
  return Math.min(number, most);
}

function tooManyToSort(sortBy: string): Error {
  return invalidRequest(
    `More than ${mostSorted} rows match, too many to sort by ${sortBy}. Narrow the dates or the filters, or sort by startTime.`,
    'sort_by',
  );
}
