import { z } from 'zod';
import { bandOf, dearerRates, fullRates, type ModelPrice, type PriceBand, type TokenRates } from './model-price';

const rate = z.int().min(0);
const ratesSchema = z
  .strictObject({
    input: rate,
    output: rate,
    cachedInput: rate.optional(),
    cacheWrite: rate.optional(),
    reasoning: rate.optional(),
  })
  .transform(fullRates);
const tiers = { standard: ratesSchema, priority: ratesSchema.optional(), flex: ratesSchema.optional() };
const date = z.iso.date();
const modelSchema = z.strictObject({
  name: z.string().min(1),
  aliases: z.array(z.string().min(1)).default([]),
  dated: z.boolean().default(false),
  codex: z.boolean().default(false),
  source: z.string().min(1),
  date,
  ...tiers,
  long: z.strictObject({ aboveTokens: z.int().min(1), ...tiers }).optional(),
});
const tableSchema = z.object({ date, models: z.array(modelSchema).min(1) });

type ListedModel = z.output<typeof modelSchema>;

/** The list prices of one day. */
export interface PriceTable {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** By exact name and documented alias. */
  readonly byName: ReadonlyMap<string, ModelPrice>;
  /** Names whose dated snapshots (`name-YYYY-MM-DD`) cost the same. */
  readonly dated: ReadonlySet<string>;
  /** For each kind of token the highest rate of all models, and of those that a Codex plan serves. */
  readonly dearest: { readonly all: ModelPrice; readonly codex: ModelPrice };
}

/**
 * Reads a price table: the one that is shipped, or one to replace it.
 *
 * @throws {Error} naming the place, for a table with a hole, a fraction, a negative price or a name that stands twice;
 * whoever has an earlier table keeps it.
 */
export function readPriceTable(json: unknown): PriceTable {
  const parsed = tableSchema.safeParse(json);
  if (!parsed.success) throw new Error(`the price table cannot be used: ${firstIssue(parsed.error)}`);
  const { models, date: day } = parsed.data;
  const byName = new Map<string, ModelPrice>();
  for (const model of models) {
    const price: ModelPrice = { source: 'list', name: model.name, bands: bandsOf(model) };
    for (const name of [model.name, ...model.aliases]) {
      if (byName.has(name)) throw new Error(`the price table cannot be used: ${name} stands in it twice`);
      byName.set(name, price);
    }
  }
  const dated = new Set(models.filter((model) => model.dated).map(({ name }) => name));
  const codex = models.filter((model) => model.codex);
  return { date: day, byName, dated, dearest: { all: dearestOf(models), codex: dearestOf(codex) } };
}

function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'unreadable' : `${issue.path.map(String).join('.')}: ${issue.message}`;
}

function bandsOf({ standard, priority, flex, long }: ListedModel): readonly PriceBand[] {
  const short = bandOf(-1, { standard, priority, flex });
  return long === undefined ? [short] : [bandOf(long.aboveTokens, long), short];
}

/** Long from the first threshold that any model has, and never cheaper than short. */
function dearestOf(models: readonly ListedModel[]): ModelPrice {
  const standard = dearest(models.map((model) => model.standard));
  const priority = dearest([standard, ...models.flatMap((model) => model.priority ?? [])]);
  const short: PriceBand = { aboveTokens: -1, standard, priority };
  const long = models.flatMap((model) => model.long ?? []);
  if (long.length === 0) return { source: 'dearest', name: '', bands: [short] };
  const longStandard = dearest([standard, ...long.map((band) => band.standard)]);
  const longPriority = dearest([priority, longStandard, ...long.flatMap((band) => band.priority ?? [])]);
  const aboveTokens = Math.min(...long.map((band) => band.aboveTokens));
  const longBand: PriceBand = { aboveTokens, standard: longStandard, priority: longPriority };
  return { source: 'dearest', name: '', bands: [longBand, short] };
}

function dearest(rates: readonly TokenRates[]): TokenRates {
  return rates.reduce(dearerRates, fullRates({ input: 0, output: 0 }));
}
