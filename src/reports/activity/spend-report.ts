import { type RollupCell, type RollupMetrics } from '../../metering/ledger';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { cellsByDay } from './daily-activity';
import { type MetricSums, sumsBy } from './metrics';

/** How `GET /global/spend/report` groups; the last is what it does when one team and one customer are named. */
export type ReportGroup = 'team' | 'customer' | 'api_key' | 'team_and_customer';

const lists = { team: 'teams', customer: 'customers', team_and_customer: 'teams_customers' } as const;

/** What LiteLLM calls the team of those who have none. */
const noTeam = 'Unassigned Team';

/**
 * LiteLLM's spend report: per day and team or customer with its models and keys, or per key with its models. What is of no
 * team or customer has a line of its own, so that a day's lines add up to the day.
 *
 * @param cells by customer: their `id` is the customer's.
 */
export function spendByGroup(
  cells: readonly RollupCell[],
  groupBy: ReportGroup,
  teamNames: ReadonlyMap<string, string>,
): readonly JsonObject[] {
  if (groupBy === 'api_key') return keyReport(cells);
  const idOf = groupBy === 'customer' ? ({ id }: RollupCell) => id : ({ teamId }: RollupCell) => teamId;
  const namesOf = (id: string, customer: string): JsonObject => {
    if (groupBy === 'customer') return { customer: id };
    const team_name = id === '' ? noTeam : (teamNames.get(id) ?? id);
    return groupBy === 'team' ? { team_name } : { team_name, customer };
  };
  const days = [...cellsByDay(cells)].sort(([one], [other]) => (one < other ? -1 : 1));
  return days.flatMap(([day, ofDay]) => {
    const groups = used(sumsBy(ofDay, idOf)).map(([id, sums]) => {
      const ofGroup = ofDay.filter((cell) => idOf(cell) === id);
      return {
        ...namesOf(id, ofGroup[0]?.id ?? ''),
        total_spend: sums.dollars,
        metadata: modelsAndKeys(ofGroup),
      };
    });
    return groups.length === 0 ? [] : [{ group_by_day: `${day}T00:00:00+00:00`, [lists[groupBy]]: groups }];
  });
}

/** Cells of the customers and, under the name of nobody, what of all cells is of no customer. */
export function withoutCustomer(all: readonly RollupCell[], ofCustomers: readonly RollupCell[]): readonly RollupCell[] {
  const rest = all.map((cell) => ({ ...cell, id: '' }));
  const taken = ofCustomers.map((cell) => ({ ...cell, id: '', metrics: negated(cell.metrics) }));
  return [...ofCustomers, ...rest, ...taken];
}

function negated(metrics: RollupMetrics): RollupMetrics {
  const { spend, inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens, succeeded, failed } =
    metrics;
  return {
    spend: -spend,
    inputTokens: -inputTokens,
    cachedInputTokens: -cachedInputTokens,
    cacheWriteTokens: -cacheWriteTokens,
    outputTokens: -outputTokens,
    reasoningTokens: -reasoningTokens,
    succeeded: -succeeded,
    failed: -failed,
  };
}

/** Without the sums of which nothing is left. */
function used(sums: ReadonlyMap<string, MetricSums>): readonly (readonly [string, MetricSums])[] {
  return [...sums].filter(([, { requests, spend, tokens }]) => requests !== 0 || spend !== 0 || tokens !== 0);
}

function modelsAndKeys(cells: readonly RollupCell[]): readonly JsonObject[] {
  const models = new Set(cells.map(({ model }) => model));
  return [...models].flatMap((model) => {
    const ofModel = cells.filter((cell) => cell.model === model);
    return used(sumsBy(ofModel, ({ keyHash }) => keyHash)).map(([api_key, sums]) => ({
      model,
      spend: sums.dollars,
      total_tokens: sums.tokens,
      api_key,
    }));
  });
}

function keyReport(cells: readonly RollupCell[]): readonly JsonObject[] {
  return [...sumsBy(cells, ({ keyHash }) => keyHash)]
    .sort(([, left], [, right]) => right.spend - left.spend)
    .map(([api_key, sums]) => ({
      api_key,
      total_cost: sums.dollars,
      total_input_tokens: sums.input,
      total_output_tokens: sums.output,
      model_details: [
        ...sumsBy(
          cells.filter(({ keyHash }) => keyHash === api_key),
          ({ model }) => model,
        ),
      ].map(([model, each]) => ({
        model,
        total_cost: each.dollars,
        total_input_tokens: each.input,
        total_output_tokens: each.output,
      })),
    }));
}
