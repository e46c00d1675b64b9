import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock';
import { Ledger, type RollupCell, type RollupKind } from '../../metering/ledger';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { dayRange, type DayRange, daysOf, lastDays, shiftedDay } from '../report-dates';
import { type KeyName, nameFor, ReportNames } from '../report-names';
import { hashOfKey } from '../rows/key-hash';
import { wholeIn } from '../rows/spend-logs';
import { type Parameters } from '../rows/spend-log-filter';
import { requireOwn, sees, type Sight } from '../sight';
import { type ActivityNames, cellsByDay, dailyActivity } from './daily-activity';
import { sumsBy } from './metrics';

/** Whose activity a report is about. */
export type ActivityKind = 'user' | 'team' | 'tag' | 'customer';

/** LiteLLM's page sizes of these routes; ours count days. */
const daysPerPage = 10;
const mostDaysPerPage = 1_000;
/** Ids that are read one by one; of more, everybody's figures are read and theirs picked out. */
const mostIds = 100;

const idParameters: Readonly<Record<ActivityKind, readonly string[]>> = {
  user: ['user_id', 'user_ids'],
  team: ['team_ids', 'team_id'],
  tag: ['tags', 'tag'],
  customer: ['end_user_ids', 'end_user_id'],
};

/** Daily activity in LiteLLM's shapes, from the daily sums that are kept as requests are settled. */
@Injectable()
export class ActivityReports {
  constructor(
    private readonly ledger: Ledger,
    private readonly names: ReportNames,
    private readonly clock: Clock,
  ) {}

  /** One page of days, the newest first. @throws {GatewayError} 400 naming the field, 403 for what belongs to others. */
  async daily(kind: ActivityKind, parameters: Parameters, sight: Sight): Promise<JsonObject> {
    const range = dayRange(parameters.get('start_date'), parameters.get('end_date'));
    const page = wholeIn(parameters, 'page', 1, Number.MAX_SAFE_INTEGER);
    const size = wholeIn(parameters, 'page_size', daysPerPage, mostDaysPerPage);
    const total = daysOf(range).length;
    const skipped = (page - 1) * size;
    const part = { from: olderOf(range, skipped + size - 1, total), to: olderOf(range, skipped, total) };
    const cells = skipped < total ? await this.cells(kind, parameters, sight, part) : [];
    const totalPages = Math.ceil(total / size);
    return this.shown(kind, cells, { page, totalPages }, sight);
  }

  /** The whole span at once. */
  async aggregated(kind: ActivityKind, parameters: Parameters, sight: Sight): Promise<JsonObject> {
    const range = dayRange(parameters.get('start_date'), parameters.get('end_date'));
    return this.shown(kind, await this.cells(kind, parameters, sight, range), { page: 1, totalPages: 1 }, sight);
  }

  /**
   * LiteLLM's summary of `/spend/logs`: spend of each day by user, by model and (beside them, under its
   * digest) by key; empty days after the last one included.
   *
   * @throws {GatewayError} 400 naming the field, 403 for what belongs to others.
   */
  async summary(parameters: Parameters, sight: Sight): Promise<readonly JsonObject[]> {
    const range = dayRange(parameters.get('start_date'), parameters.get('end_date'), lastDays(30, this.clock.nowMs()));
    const cells = await this.cells('user', parameters, sight, range);
    const byDay = cellsByDay(cells);
    const last = [...byDay.keys()].sort().at(-1);
    return daysOf(range)
      .filter((day) => byDay.has(day) || (last !== undefined && day > last))
      .map((day) => {
        const ofDay = byDay.get(day) ?? [];
        return {
          ...spendBy(ofDay, (cell) => cell.keyHash),
          startTime: day,
          spend: sumsBy(ofDay, () => '').get('')?.dollars ?? 0,
          users: spendBy(ofDay, (cell) => cell.userId || 'None'),
          models: spendBy(ofDay, (cell) => cell.model),
        };
      });
  }

  private async cells(
    kind: ActivityKind,
    parameters: Parameters,
    sight: Sight,
    range: DayRange,
  ): Promise<readonly RollupCell[]> {
    const key = parameters.get('api_key');
    const keyHash = key === undefined ? undefined : hashOfKey(key);
    const ids = idsIn(parameters, idParameters[kind]);
    if (keyHash !== undefined) requireOwn(sight, { keyHash });
    if (kind === 'user') for (const userId of ids ?? []) requireOwn(sight, { userId });
    const excluded = new Set(idsIn(parameters, [`exclude_${idParameters[kind][0] ?? ''}`]) ?? []);
    const wanted = ids === undefined ? undefined : new Set(ids);
    const idOf = kind === 'user' ? (cell: RollupCell) => cell.userId : (cell: RollupCell) => cell.id;
    const model = parameters.get('model');
    const cells = await this.read(sourcesOf(kind, ids, keyHash, sight), range);
    return cells.filter(
      (cell) =>
        sees(sight, cell) &&
        !excluded.has(idOf(cell)) &&
        (keyHash === undefined || cell.keyHash === keyHash) &&
        (model === undefined || cell.model === model || cell.modelGroup === model) &&
        (wanted === undefined || wanted.has(idOf(cell))),
    );
  }

  private async read(sources: readonly Source[], { from, to }: DayRange): Promise<readonly RollupCell[]> {
    const parts = await Promise.all(sources.map(({ kind, id }) => this.ledger.days(kind, id, from, to)));
    return parts.flat();
  }

  private async shown(
    kind: ActivityKind,
    cells: readonly RollupCell[],
    page: { readonly page: number; readonly totalPages: number },
    sight: Sight,
  ): Promise<JsonObject> {
    const keys = await this.keyNames(cells, sight);
    const entities = kind === 'team' ? await this.teamNames(cells) : new Map<string, JsonObject>();
    const entityOf = kind === 'user' ? (cell: RollupCell) => cell.userId : (cell: RollupCell) => cell.id;
    const names: ActivityNames = { keys, entities };
    return dailyActivity(cells, entityOf, names, page);
  }

  private async keyNames(cells: readonly RollupCell[], sight: Sight): Promise<ReadonlyMap<string, KeyName>> {
    const names = await this.names.keys(cells.map(({ keyHash }) => keyHash));
    return new Map(
      [...names].flatMap(([hash, name]) => {
        const shown = nameFor(sight, hash, name);
        return shown === undefined ? [] : [[hash, shown] as const];
      }),
    );
  }

  private async teamNames(cells: readonly RollupCell[]): Promise<ReadonlyMap<string, JsonObject>> {
    const aliases = await this.names.teams([...new Set(cells.map(({ id }) => id))]);
    return new Map([...aliases].map(([id, alias]) => [id, { team_alias: alias }]));
  }
}

/** One run of daily figures; `id` undefined: of everybody of the kind. */
interface Source {
  readonly kind: RollupKind;
  readonly id: string | undefined;
}

/** The fewest figures that hold the answer; what is too much among them is filtered out. */
function sourcesOf(
  kind: ActivityKind,
  ids: readonly string[] | undefined,
  keyHash: string | undefined,
  sight: Sight,
): readonly Source[] {
  const few = ids === undefined || ids.length > mostIds ? undefined : ids;
  if (kind !== 'user') return few === undefined ? [{ kind, id: undefined }] : few.map((id) => ({ kind, id }));
  if (keyHash !== undefined) return [{ kind: 'key', id: keyHash }];
  if (few !== undefined) return few.map((id) => ({ kind: 'user', id }));
  if (sight.kind === 'all') return [{ kind: 'proxy', id: 'all' }];
  if (sight.userId !== undefined) return [{ kind: 'user', id: sight.userId }];
  return [{ kind: 'key', id: sight.keyHash }];
}

/** The day that many days before the last one, but no earlier than the first. */
function olderOf({ from, to }: DayRange, days: number, total: number): string {
  return days >= total ? from : shiftedDay(to, -days);
}

function idsIn(parameters: Parameters, names: readonly string[]): readonly string[] | undefined {
  const text = names.map((name) => parameters.get(name)).find((value) => value !== undefined && value !== '');
  if (text === undefined) return undefined;
  const ids = text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  return [...new Set(ids)];
}

function spendBy(cells: readonly RollupCell[], partOf: (cell: RollupCell) => string): JsonObject {
  return Object.fromEntries([...sumsBy(cells, partOf)].map(([name, sums]) => [name, sums.dollars]));
}
