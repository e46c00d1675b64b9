import { z } from 'zod';
import { type Settings } from '../config/settings';
import { jsonIn } from '../kernel/json-text';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { baseOf } from './gateway-address';
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

const answerMs = 10_000;
const answerLimitBytes = 4 * 1024 * 1024;

/** Asks a running gateway for its logins. @throws {CommandRefused} naming neither key nor answer. */
export async function gatewayAccounts(
  settings: Settings,
  { url, key }: { readonly url: string; readonly key: string | undefined },
): Promise<readonly GatewayAccount[]> {
  const base = baseOf(url);
  const secret = key ?? settings.masterKey;
  if (secret === undefined)
    throw new CommandRefused('Say the master key of that gateway: --key, or GATEWAY_MASTER_KEY.');
  // The person who typed the address allows it, and no other.
  const outbound = new UndiciOutbound({ ...settings, deployments: [], codex: { ...settings.codex, baseUrl: base } });
  try {
    const headers = { authorization: `Bearer ${secret}`, accept: 'application/json' };
    const answer = await outbound.send({ method: 'GET', url: `${base}/account/list`, headers, headersMs: answerMs });
    const text = await answer.text(answerLimitBytes, answerMs);
    if (answer.status !== 200)
      throw new CommandRefused(`The gateway answers ${answer.status}${hintFor(answer.status)}.`);
    const read = listSchema.safeParse(jsonIn(text));
    if (!read.success) throw new CommandRefused('That address does not answer like a Codex Gateway.');
    return read.data.accounts;
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    throw new CommandRefused(`The gateway cannot be reached (${error.details.code ?? error.kind}).`, { cause: error });
  } finally {
    await outbound.close();
  }
}

function hintFor(status: number): string {
  if (status === 401 || status === 403) return ': only its master key may ask';
  return status === 404 ? ': is the address right, and is that a Codex Gateway?' : '';
}
