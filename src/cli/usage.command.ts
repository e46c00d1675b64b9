import { z } from 'zod';
import { type StartConditions } from '../config/load-settings';
import { dollarWords } from '../reports/limits/limit-words';
import { askGateway, GatewayRefused } from './gateway-call';
import { gatewayWords } from './gateway-words';
import { CommandRefused, withPlainErrors } from './login-words';
import { textTable } from './text-table';

const word = z.string().nullable();
const usageSchema = z.looseObject({
  key: z.looseObject({ token: z.string(), key_alias: word, team_id: word, user_id: word }),
  spend: z.number(),
  held: z.number(),
  running_requests: z.number(),
  limits: z.array(
    z.looseObject({
      limit: z.string(),
      name: word,
      model: word,
      unit: z.string(),
      period: z.string(),
      max: z.number(),
      used: z.number(),
      remaining: z.number(),
      reset_at: word,
    }),
  ),
});
const totalSchema = z.looseObject({ spend: z.number(), max_budget: z.number().nullable() });
const keysSchema = z.array(z.looseObject({ api_key: z.string(), key_alias: word, total_spend: z.number() }));

type Usage = z.infer<typeof usageSchema>;
type Everybody = z.infer<typeof totalSchema> & { readonly keys: z.infer<typeof keysSchema> };

/**
 * Shows what a key spent and what it is held to; for an admin's key also what all keys spent in the last month.
 *
 * @returns 0, or 1 when the gateway cannot be asked, also when only what all keys spent cannot be asked with the master key.
 */
export function usageCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const { settings, address, json } = gatewayWords(conditions);
    const usage = usageSchema.safeParse(await askGateway(settings, address, { method: 'GET', path: '/v1/usage' }));
    if (!usage.success) throw new CommandRefused('That address does not answer like a Codex Gateway.');
    const { gateway, notHere } = await everybodys((path) => askGateway(settings, address, { method: 'GET', path }));
    const shown = json ? JSON.stringify({ usage: usage.data, gateway }, null, 2) : page(usage.data, gateway);
    process.stdout.write(`${shown}\n`);
    if (notHere === undefined) return 0;
    process.stderr.write(`What all keys spent is not shown. ${notHere}\n`);
    // Whoever asks with a key of its own may be a holder, who would not have been told on any port.
    return address.key === undefined || address.key === settings.masterKey ? 1 : 0;
  });
}

/** What all keys spent: only admins and viewers are told, and only on the port that has the routes of management. */
async function everybodys(
  ask: (path: string) => Promise<unknown>,
): Promise<{ readonly gateway?: Everybody; readonly notHere?: string }> {
  try {
    const total = totalSchema.safeParse(await ask('/global/spend')).data;
    const keys = total === undefined ? undefined : keysSchema.safeParse(await ask('/global/spend/keys?limit=20')).data;
    return total === undefined || keys === undefined ? {} : { gateway: { ...total, keys } };
  } catch (error) {
    if (!(error instanceof GatewayRefused)) throw error;
    if (error.status === 403) return {};
    if (error.status === 404) return { notHere: error.message };
    throw error;
  }
}

function page(usage: Usage, gateway: Everybody | undefined): string {
  const { key, limits } = usage;
  const whose = [
    key.key_alias ?? key.token.slice(0, 12),
    key.team_id && `team ${key.team_id}`,
    key.user_id && `user ${key.user_id}`,
  ];
  const head = `${whose.filter((part) => part !== null && part !== '').join(', ')}: ${dollarWords(usage.spend)} spent in all, ${dollarWords(usage.held)} set aside by ${usage.running_requests} running requests`;
  const table = textTable(
    ['LIMIT', 'OF', 'MODEL', 'USED', 'MAX', 'LEFT', 'PERIOD', 'STARTS ANEW'],
    limits.map(({ limit, name, model, unit, used, max, remaining, period, reset_at }) => [
      limit,
      name,
      model,
      amount(used, unit),
      amount(max, unit),
      amount(remaining, unit),
      period,
      reset_at,
    ]),
  );
  return [head, ...(limits.length === 0 ? ['No limits.'] : table), ...gatewayLines(gateway)].join('\n');
}

function gatewayLines(gateway: Everybody | undefined): readonly string[] {
  if (gateway === undefined) return [];
  const { spend, max_budget: most, keys } = gateway;
  const budget = most === null ? '' : ` of ${dollarWords(most)}`;
  const rows = keys.map(({ api_key, key_alias, total_spend }) => [
    key_alias,
    api_key.slice(0, 12),
    dollarWords(total_spend),
  ]);
  return ['', `All keys: ${dollarWords(spend)}${budget}`, ...textTable(['ALIAS', 'KEY', 'LAST 30 DAYS'], rows)];
}

function amount(value: number, unit: string): string {
  if (unit === 'usd') return dollarWords(value);
  return unit === 'percent' ? `${value} %` : String(value);
}
