import { type RollupCell } from '../../metering/ledger';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { dollarsFromNanos } from '../../kernel/money';
import { type KeyName } from '../report-names';
import { MetricSums, sumsOf } from './metrics';

/** Names for the parts of a report. */
export interface ActivityNames {
  readonly keys: ReadonlyMap<string, KeyName>;
  /** By what the report is about, for example team id → `{team_alias}`. */
  readonly entities: ReadonlyMap<string, JsonObject>;
}

/** Where a report stands among its pages. */
export interface PageFacts {
  readonly page: number;
  readonly totalPages: number;
}

/** Sums of one part of a day, and who of them spent what. */
class Part {
  readonly sums = new MetricSums();
  readonly byKey = new Map<string, MetricSums>();

  add(cell: RollupCell): void {
    this.sums.add(cell.metrics);
    sumsOf(this.byKey, cell.keyHash).add(cell.metrics);
  }
}

const dimensions = {
  models: (cell: RollupCell) => cell.model,
  model_groups: (cell: RollupCell) => cell.modelGroup,
  providers: (cell: RollupCell) => cell.provider,
  endpoints: (cell: RollupCell) => cell.endpoint,
} as const;

/** What LiteLLM calls somebody or something that has no name. */
const nameless = 'None';

/**
 * LiteLLM's `/…/daily/activity`: the newest day first, each split by model, model group, provider, endpoint, key and entity.
 *
 * @param entityOf whom a cell belongs to: a user, a team, a tag or a customer.
 */
export function dailyActivity(
  cells: readonly RollupCell[],
  entityOf: (cell: RollupCell) => string,
  names: ActivityNames,
  { page, totalPages }: PageFacts,
): JsonObject {
  const days = [...cellsByDay(cells)].sort(([left], [right]) => (left < right ? 1 : -1));
  const total = new MetricSums();
  for (const cell of cells) total.add(cell.metrics);
  return {
    results: days.map(([date, ofDay]) => dayOfActivity(date, ofDay, entityOf, names)),
    metadata: {
      total_spend: dollarsFromNanos(total.spend),
      total_prompt_tokens: total.input,
      total_completion_tokens: total.output,
      total_tokens: total.tokens,
      total_api_requests: total.requests,
      total_successful_requests: total.succeeded,
      total_failed_requests: total.failed,
      total_cache_read_input_tokens: total.cached,
      total_cache_creation_input_tokens: total.written,
      page,
      total_pages: totalPages,
      has_more: page < totalPages,
    },
  };
}

/** The cells of each day, in their order. */
export function cellsByDay(cells: readonly RollupCell[]): ReadonlyMap<string, readonly RollupCell[]> {
  const byDay = new Map<string, RollupCell[]>();
  for (const cell of cells) {
    const known = byDay.get(cell.day);
    if (known === undefined) byDay.set(cell.day, [cell]);
    else known.push(cell);
  }
  return byDay;
}

function dayOfActivity(
  date: string,
  cells: readonly RollupCell[],
  entityOf: (cell: RollupCell) => string,
  names: ActivityNames,
): JsonObject {
  const sums = new MetricSums();
  for (const cell of cells) sums.add(cell.metrics);
  const byDimension = Object.entries(dimensions).map(([name, of]) => [name, shownParts(cells, of, names)] as const);
  return {
    date,
    metrics: sums.shown(),
    breakdown: {
      ...Object.fromEntries(byDimension),
      api_keys: shownKeys(cells, names.keys),
      entities: shownParts(cells, entityOf, names, names.entities),
      mcp_servers: {},
    },
  };
}

function shownParts(
  cells: readonly RollupCell[],
  partOf: (cell: RollupCell) => string,
  { keys }: ActivityNames,
  metadata?: ReadonlyMap<string, JsonObject>,
): JsonObject {
  const parts = new Map<string, Part>();
  for (const cell of cells) {
    const name = partOf(cell) || nameless;
    const part = parts.get(name) ?? new Part();
    parts.set(name, part);
    part.add(cell);
  }
  return Object.fromEntries(
    [...parts].map(([name, part]) => [
      name,
      {
        metrics: part.sums.shown(),
        metadata: metadata?.get(name) ?? {},
        api_key_breakdown: Object.fromEntries(
          [...part.byKey].map(([hash, sums]) => [hash, { metrics: sums.shown(), metadata: briefName(keys.get(hash)) }]),
        ),
      },
    ]),
  );
}

function shownKeys(cells: readonly RollupCell[], keys: ReadonlyMap<string, KeyName>): JsonObject {
  const sums = new Map<string, MetricSums>();
  const owners = new Map<string, RollupCell>();
  for (const cell of cells) {
    sumsOf(sums, cell.keyHash).add(cell.metrics);
    owners.set(cell.keyHash, cell);
  }
  return Object.fromEntries(
    [...sums].map(([hash, each]) => {
      const owner = owners.get(hash);
      const name = keys.get(hash);
      const metadata = {
        ...briefName(name),
        team_id: name?.teamId ?? textOrNull(owner?.teamId),
        user_id: name?.userId ?? textOrNull(owner?.userId),
        user_email: name?.userEmail ?? null,
      };
      return [hash, { metrics: each.shown(), metadata }];
    }),
  );
}

function briefName(name: KeyName | undefined): JsonObject {
  return { key_alias: name?.alias ?? null, team_id: name?.teamId ?? null };
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
