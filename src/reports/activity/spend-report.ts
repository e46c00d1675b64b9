import { type RollupCell } from '../../metering/ledger';
import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { cellsByDay } from './daily-activity';
import { sumsBy } from './metrics';

/** LiteLLM's spend report: per day and team or customer with its models and keys, or per key with its models. */
export function spendByGroup(
  cells: readonly RollupCell[],
  groupBy: 'team' | 'customer' | 'api_key',
  teamNames: ReadonlyMap<string, string>,
): readonly JsonObject[] {
  if (groupBy === 'api_key') return keyReport(cells);
  const list = groupBy === 'team' ? 'teams' : 'customers';
  const field = groupBy === 'team' ? 'team_name' : 'customer';
  const nameOf = ({ id }: RollupCell): string => (groupBy === 'team' ? (teamNames.get(id) ?? id) : id);
  return [...cellsByDay(cells)].map(([day, ofDay]) => ({
    group_by_day: `${day}T00:00:00+00:00`,
    [list]: [...sumsBy(ofDay, nameOf)].map(([name, sums]) => ({
      [field]: name,
      total_spend: sums.dollars,
      metadata: modelsAndKeys(ofDay.filter((cell) => nameOf(cell) === name)),
    })),
  }));
}

function modelsAndKeys(cells: readonly RollupCell[]): readonly JsonObject[] {
  const models = new Set(cells.map(({ model }) => model));
  return [...models].flatMap((model) => {
    const ofModel = cells.filter((cell) => cell.model === model);
    return [...sumsBy(ofModel, ({ keyHash }) => keyHash)].map(([api_key, sums]) => ({
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
