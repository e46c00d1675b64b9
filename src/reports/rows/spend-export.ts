import { Injectable } from '@nestjs/common';
import { invalidRequest } from '../../kernel/errors';
import { Clock } from '../../kernel/clock';
import { Ledger } from '../../metering/ledger';
import { type LedgerRow } from '../../metering/ledger-row';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { type Sight } from '../sight';
import { csvLine } from './csv';
import { type Parameters, type RowFilter, rowFilter } from './spend-log-filter';
import { spendLogRow } from './spend-log-row';

/** An export that begins when its first piece is asked for. */
export interface Export {
  readonly contentType: string;
  readonly fileName: string;
  /** Pieces of text, each made when the last one was taken: back-pressure reaches the ledger. */
  readonly pieces: AsyncIterable<string>;
}

const rowsPerRead = 500;

const columns: readonly (readonly [string, (row: JsonObject, own: JsonObject) => unknown])[] = [
  ...['request_id', 'call_type', 'startTime', 'endTime', 'api_key'].map(plain),
  ['key_alias', (row) => inside(row['metadata'], 'user_api_key_alias')],
  ...['team_id', 'user', 'end_user', 'model', 'model_group', 'model_id', 'custom_llm_provider', 'spend'].map(plain),
  ...['prompt_tokens', 'completion_tokens', 'total_tokens'].map(plain),
  ...['cache_read_input_tokens', 'cache_creation_input_tokens', 'reasoning_tokens'].map(
    (name) => [name, (row: JsonObject) => inside(inside(row['metadata'], 'additional_usage_values'), name)] as const,
  ),
  ['service_tier', (_, own) => inside(own['service_tier'], 'billed')],
  ['price_source', (row) => inside(inside(row['metadata'], 'cost_breakdown'), 'price_source')],
  ['quality', (_, own) => own['quality']],
  ['late', (_, own) => own['late']],
  ['status', (row) => row['status']],
  ['http_status', (_, own) => own['http_status']],
  ['request_tags', (row) => (Array.isArray(row['request_tags']) ? row['request_tags'].join(' ') : '')],
  ...['session_id', 'requester_ip_address'].map(plain),
];

/** The whole ledger, or a part of it, as a file: oldest row first, read in small pieces. */
@Injectable()
export class SpendExport {
  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads the first rows at once, so that what is wrong is told as a status and not by a file that breaks off.
   *
   * @throws {GatewayError} 400 for a format or filter that is none, 403 for what belongs to others, 503 without the state.
   */
  async open(parameters: Parameters, sight: Sight): Promise<Export> {
    const format = parameters.get('format') ?? 'jsonl';
    if (format !== 'jsonl' && format !== 'csv') throw invalidRequest("'format' must be jsonl or csv.", 'format');
    const filter = rowFilter(parameters, sight);
    // Rows that come while it runs are not part of it, or it might never end.
    const untilMs = Math.min(filter.untilMs ?? Number.POSITIVE_INFINITY, this.clock.nowMs() + 1);
    const rows = await begun(this.rows({ ...filter, untilMs }));
    return {
      contentType: format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl; charset=utf-8',
      fileName: `spend.${format}`,
      pieces: format === 'csv' ? csvPieces(rows, sight) : jsonPieces(rows, sight),
    };
  }

  /**
   * Read by time rather than by number, so that a row a million deep costs no more than the first. Rows of one millisecond
   * that were read already are skipped by their count.
   */
  private async *rows(filter: RowFilter): AsyncGenerator<readonly LedgerRow[]> {
    let fromMs = filter.fromMs;
    let offset = 0;
    for (;;) {
      const from = fromMs === undefined ? {} : { fromMs };
      const { rows } = await this.ledger.page({ ...filter, ...from, order: 'oldest', offset, limit: rowsPerRead });
      if (rows.length > 0) yield rows;
      const last = rows.at(-1)?.startMs;
      if (last === undefined || rows.length < rowsPerRead) return;
      const ofLast = rows.filter(({ startMs }) => startMs === last).length;
      offset = last === fromMs ? offset + ofLast : ofLast;
      fromMs = last;
    }
  }
}

/** The same pages, the first of which is there already. */
async function begun<T>(pages: AsyncGenerator<T>): Promise<AsyncIterable<T>> {
  const first = await pages.next();
  return (async function* () {
    if (first.done !== true) yield first.value;
    yield* pages;
  })();
}

async function* jsonPieces(pages: AsyncIterable<readonly LedgerRow[]>, sight: Sight): AsyncGenerator<string> {
  for await (const rows of pages) {
    yield rows.map((row) => `${JSON.stringify(spendLogRow(row, sight))}\n`).join('');
  }
}

async function* csvPieces(pages: AsyncIterable<readonly LedgerRow[]>, sight: Sight): AsyncGenerator<string> {
  yield csvLine(columns.map(([name]) => name));
  for await (const rows of pages) yield rows.map((row) => csvRow(spendLogRow(row, sight))).join('');
}

function csvRow(row: JsonObject): string {
  const own = (inside(row['metadata'], 'codex_gateway') ?? {}) as JsonObject;
  return csvLine(columns.map(([, of]) => of(row, own)));
}

function plain(name: string): readonly [string, (row: JsonObject) => unknown] {
  return [name, (row) => row[name]];
}

function inside(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as JsonObject)[name] : undefined;
}
