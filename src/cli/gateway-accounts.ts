import { z } from 'zod';
import { type Settings } from '../config/settings';
import { askGateway, type GatewayAddress } from './gateway-call';
import { CommandRefused } from './login-words';

const word = z.string().max(1_000).nullable();

/** One login as a running gateway tells it; words of a later release are kept as they are. */
const accountSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  state: z.string(),
  plan: word,
  expires_at: word,
  last_refresh: word,
  rotated_by: word,
  rotated_by_id: word,
  generation: z.number().nullable(),
  advice: word,
});
const listSchema = z.object({ accounts: z.array(accountSchema) });

/** A login as `GET /account/list` of a gateway describes it. */
export type GatewayAccount = z.infer<typeof accountSchema>;

/** Asks a running gateway for its logins. @throws {CommandRefused} naming neither key nor answer. */
export async function gatewayAccounts(settings: Settings, address: GatewayAddress): Promise<readonly GatewayAccount[]> {
  const read = listSchema.safeParse(await askGateway(settings, address, { method: 'GET', path: '/account/list' }));
  if (!read.success) throw new CommandRefused('That address does not answer like a Codex Gateway.');
  return read.data.accounts;
}
