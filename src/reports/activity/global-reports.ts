import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { invalidRequest } from '../../kernel/errors';
import { dollarsFromNanos } from '../../kernel/money';
import { Ledger, type RollupCell, type RollupKind } from '../../metering/ledger';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { dayRange, type DayRange, daysOf, lastDays, shiftedDay } from '../report-dates';
import { ReportNames } from '../report-names';
import { hashOfKey } from '../rows/key-hash';
import { wholeIn } from '../rows/spend-logs';
import { type Parameters } from '../rows/spend-log-filter';
import { cellsByDay } from './daily-activity';
import { type MetricSums, sumsBy } from './metrics';
import { type ReportGroup, spendByGroup, withoutCustomer } from './spend-report';

/** LiteLLM's dashboards look at the last month. */
const usualDays = 30;
const mostListed = 1_000;
/** What LiteLLM calls the team of those who have none, in this report. */
const noTeam = 'Unassigned';

/** What everybody spent, for dashboards: LiteLLM's `/global/*` and `/spend/keys|users|tags`. For admins and viewers only. */
@Injectable()
export class GlobalReports {
  constructor(
    private readonly ledger: Ledger,
    private readonly names: ReportNames,
    private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'keys' | 'reports'>,
  ) {}

  /**
   * `GET /global/spend/report`: per day and team or customer, or per key; of one key, person, team or customer where they are
   * named. As in LiteLLM a key or person that is named without `group_by` is told per key.
   *
   * @throws {GatewayError} 400 naming the field.
   */
  async report(parameters: Parameters): Promise<readonly JsonObject[]> {
    const range = dayRange(parameters.get('start_date'), parameters.get('end_date'));
    const groupBy = groupIn(parameters);
    const cells = await this.reported(groupBy, parameters, range);
    return spendByGroup(cells, groupBy, groupBy === 'api_key' ? new Map() : await this.teamNames(cells));
  }

  /** `GET /global/spend`: lifetime spend of the whole proxy in dollars, and its budget, which the master key is not held to. */
  async spend(): Promise<JsonObject> {
    const [all] = await this.ledger.counters([{ kind: 'proxy', id: 'all' }]);
    const { max_budget } = this.settings.keys.proxyLimits;
    return { spend: dollarsFromNanos(all?.spent ?? 0), max_budget: typeof max_budget === 'number' ? max_budget : null };
  }

  /** `GET /global/spend/logs`: spend of each day, of one key with `api_key`. */
  async daily(parameters: Parameters): Promise<readonly JsonObject[]> {
    const range = this.rangeIn(parameters);
    const key = parameters.get('api_key');
    const cells = key === undefined ? await this.all(range) : await this.days('key', hashOfKey(key), range);
    const sums = sumsBy(cells, ({ day }) => day);
    return daysOf(range).map((date) => ({ date, spend: sums.get(date)?.dollars ?? 0 }));
  }

  /** `GET /global/spend/keys`: who spent most. */
  async keys(parameters: Parameters): Promise<readonly JsonObject[]> {
    const cells = await this.all(this.rangeIn(parameters));
    const top = topOf(
      sumsBy(cells, ({ keyHash }) => keyHash),
      parameters,
    );
    const names = await this.names.keys(top.map(([hash]) => hash));
    return top.map(([hash, sums]) => {
      const alias = names.get(hash)?.alias ?? null;
      return { api_key: hash, key_alias: alias, key_name: alias, total_spend: sums.dollars };
    });
  }

  /** `GET /global/spend/models` and `/global/spend/provider`. */
  async by(part: 'model' | 'provider', parameters: Parameters): Promise<readonly JsonObject[]> {
    const cells = await this.all(this.rangeIn(parameters));
    const top = topOf(
      sumsBy(cells, (cell) => cell[part] || 'None'),
      parameters,
    );
    const field = part === 'model' ? 'total_spend' : 'spend';
    return top.map(([name, sums]) => ({ [part]: name, [field]: sums.dollars }));
  }

  /** `GET /global/spend/teams`: spend of each day by team, and in all; what is of no team too. */
  async teams(parameters: Parameters): Promise<JsonObject> {
    const range = this.rangeIn(parameters);
    const cells = await this.all(range);
    const names = await this.teamNames(cells);
    const nameOf = ({ teamId }: RollupCell): string => (teamId === '' ? noTeam : (names.get(teamId) ?? teamId));
    const totals = [...sumsBy(cells, nameOf)].sort(bySpend);
    const byDay = cellsByDay(cells);
    return {
      daily_spend: daysOf(range).map((date) => ({
        date,
        ...Object.fromEntries([...sumsBy(byDay.get(date) ?? [], nameOf)].map(([name, sums]) => [name, sums.dollars])),
      })),
      teams: totals.map(([name]) => name),
      total_spend_per_team: totals.map(([team_id, sums]) => ({ team_id, total_spend: sums.dollars })),
    };
  }

  /** `GET /global/spend/tags`: `tags` names those that are wanted, separated by commas. */
  async tags(parameters: Parameters): Promise<JsonObject> {
    const wanted = parameters
      .get('tags')
      ?.split(',')
      .map((tag) => tag.trim());
    const cells = await this.days('tag', undefined, this.rangeIn(parameters));
    const kept = cells.filter(({ id }) => wanted === undefined || wanted.includes('all-tags') || wanted.includes(id));
    const sums = [...sumsBy(kept, ({ id }) => id)].sort(bySpend);
    return {
      spend_per_tag: sums.map(([name, each]) => ({ name, spend: each.dollars, log_count: each.requests })),
    };
  }

  /** `GET /global/activity`: requests and tokens of each day. */
  async activity(parameters: Parameters): Promise<JsonObject> {
    const range = this.rangeIn(parameters);
    return activityOf(await this.all(range), range);
  }

  /** `GET /global/activity/model`: the same for each model group. */
  async activityByModel(parameters: Parameters): Promise<readonly JsonObject[]> {
    const range = this.rangeIn(parameters);
    const cells = await this.all(range);
    const models = [...sumsBy(cells, ({ modelGroup }) => modelGroup)].sort(bySpend).map(([model]) => model);
    return models.map((model) => ({
      model,
      ...activityOf(
        cells.filter(({ modelGroup }) => modelGroup === model),
        range,
      ),
    }));
  }

  /** `GET /spend/keys`: keys that were used in the last month, with what they spent since they exist, most first. */
  async keySpend(parameters: Parameters): Promise<readonly JsonObject[]> {
    const spent = await this.lifetime('key', ({ keyHash }) => keyHash, parameters);
    const names = await this.names.keys(spent.map(({ id }) => id));
    return spent.map(({ id, spend }) => {
      const name = names.get(id);
      return {
        token: id,
        key_alias: name?.alias ?? null,
        key_name: name?.alias ?? null,
        spend,
        team_id: name?.teamId ?? null,
        user_id: name?.userId ?? null,
      };
    });
  }

  /** `GET /spend/users`: the same for users; `user_id` asks for one. */
  async userSpend(parameters: Parameters): Promise<readonly JsonObject[]> {
    const one = parameters.get('user_id');
    if (one === undefined) {
      const spent = await this.lifetime('user', ({ userId }) => userId, parameters);
      return spent.map(({ id, spend }) => ({ user_id: id, spend }));
    }
    const [counters] = await this.ledger.counters([{ kind: 'user', id: one }]);
    return [{ user_id: one, spend: dollarsFromNanos(counters?.spent ?? 0) }];
  }

  /** `GET /spend/tags`. */
  async tagSpend(parameters: Parameters): Promise<readonly JsonObject[]> {
    const cells = await this.days('tag', undefined, this.rangeIn(parameters));
    const top = topOf(
      sumsBy(cells, ({ id }) => id),
      parameters,
    );
    return top.map(([tag, sums]) => ({
      individual_request_tag: tag,
      log_count: sums.requests,
      total_spend: sums.dollars,
    }));
  }

  /** `GET /provider/budgets`: `provider_budget_config`, and what the current period has used of it. */
  async providerBudgets(): Promise<JsonObject> {
    const today = lastDays(1, this.clock.nowMs()).to;
    const entries = await Promise.all(
      [...this.settings.reports.providerBudgets].map(async ([provider, budget]) => {
        const from = shiftedDay(today, 1 - budget.days);
        const cells = await this.days('proxy', 'all', { from, to: today });
        const spend = sumsBy(cells, (cell) => cell.provider).get(provider)?.dollars ?? 0;
        const shown = {
          budget_limit: dollarsFromNanos(budget.maxNanos),
          time_period: budget.period,
          spend,
          budget_reset_at: `${shiftedDay(today, 1)}T00:00:00.000Z`,
        };
        return [provider, shown] as const;
      }),
    );
    return { providers: Object.fromEntries(entries) };
  }

  /** Who was active in the last month has a counter worth reading; the figure itself is of all time. */
  private async lifetime(
    kind: 'key' | 'user',
    idOf: (cell: RollupCell) => string,
    parameters: Parameters,
  ): Promise<readonly { readonly id: string; readonly spend: number }[]> {
    const cells = await this.all(this.rangeIn(parameters));
    const ids = [...new Set(cells.map(idOf))].filter((id) => id !== '');
    const counters = await this.ledger.counters(ids.map((id) => ({ kind, id })));
    return counters
      .map(({ id, spent }) => ({ id, spend: dollarsFromNanos(spent) }))
      .sort((left, right) => right.spend - left.spend)
      .slice(0, wholeIn(parameters, 'limit', 100, mostListed));
  }

  /** The fewest figures that hold the report; what is too much among them is filtered out. */
  private async reported(
    groupBy: ReportGroup,
    parameters: Parameters,
    range: DayRange,
  ): Promise<readonly RollupCell[]> {
    const [key, user, team, customer] = ['api_key', 'internal_user_id', 'team_id', 'customer_id'].map((name) =>
      parameters.get(name),
    );
    const keyHash = key === undefined ? undefined : hashOfKey(key);
    const named = (
      [
        ['customer', customer],
        ['key', keyHash],
        ['team', team],
        ['user', user],
      ] as const
    ).find(([, id]) => id !== undefined);
    const [kind, id] = named ?? (['proxy', 'all'] as const);
    const cells = await this.days(kind, id, range);
    const ofAll = groupBy === 'customer' && customer === undefined;
    const found = ofAll ? withoutCustomer(cells, await this.days('customer', undefined, range)) : cells;
    return found.filter(
      (cell) =>
        (keyHash === undefined || cell.keyHash === keyHash) &&
        (user === undefined || cell.userId === user) &&
        (team === undefined || cell.teamId === team),
    );
  }

  private teamNames(cells: readonly RollupCell[]): ReturnType<ReportNames['teams']> {
    const ids = new Set(cells.map(({ teamId }) => teamId));
    ids.delete('');
    return this.names.teams([...ids]);
  }

  private all(range: DayRange): Promise<readonly RollupCell[]> {
    return this.days('proxy', 'all', range);
  }

  private days(kind: RollupKind, id: string | undefined, { from, to }: DayRange): Promise<readonly RollupCell[]> {
    return this.ledger.days(kind, id, from, to);
  }

  private rangeIn(parameters: Parameters): DayRange {
    const usual = lastDays(usualDays, this.clock.nowMs());
    return dayRange(parameters.get('start_date'), parameters.get('end_date'), usual);
  }
}

function groupIn(parameters: Parameters): ReportGroup {
  const groupBy = parameters.get('group_by');
  if (groupBy !== undefined && groupBy !== 'team' && groupBy !== 'customer' && groupBy !== 'api_key') {
    throw invalidRequest("'group_by' must be team, customer or api_key.", 'group_by');
  }
  if (groupBy === undefined && (parameters.has('api_key') || parameters.has('internal_user_id'))) return 'api_key';
  if (groupBy !== 'api_key' && parameters.has('team_id') && parameters.has('customer_id')) return 'team_and_customer';
  return groupBy ?? 'team';
}

function activityOf(cells: readonly RollupCell[], range: DayRange): JsonObject {
  const byDay = sumsBy(cells, ({ day }) => day);
  const all = sumsBy(cells, () => '').get('');
  return {
    daily_data: daysOf(range).map((date) => ({
      date,
      api_requests: byDay.get(date)?.requests ?? 0,
      total_tokens: byDay.get(date)?.tokens ?? 0,
    })),
    sum_api_requests: all?.requests ?? 0,
    sum_total_tokens: all?.tokens ?? 0,
  };
}

function topOf(
  sums: ReadonlyMap<string, MetricSums>,
  parameters: Parameters,
): readonly (readonly [string, MetricSums])[] {
  return [...sums].sort(bySpend).slice(0, wholeIn(parameters, 'limit', 100, mostListed));
}

function bySpend([, left]: readonly [string, MetricSums], [, right]: readonly [string, MetricSums]): number {
  return right.spend - left.spend;
}
