import { type Settings } from '../config/settings';
import { jsonIn } from '../kernel/json-text';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { StateDir } from '../state/state-dir';
import { baseOf } from './gateway-address';
import { CommandRefused } from './login-words';

/** A running gateway, and the key to ask it with; without one the master key of the settings is sent, else the one that a start made. */
export interface GatewayAddress {
  readonly url: string;
  readonly key: string | undefined;
}

/** One question for it. */
export interface GatewayQuestion {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

/** It answered, and not with what was asked for. */
export class GatewayRefused extends CommandRefused {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const answerMs = 60_000;
const answerLimitBytes = 32 * 1024 * 1024;

/** The JSON of its answer. @throws {CommandRefused} that repeats neither key nor answer, {GatewayRefused} with the words of a refusal. */
export async function askGateway(
  settings: Settings,
  address: GatewayAddress,
  { method, path, body }: GatewayQuestion,
): Promise<unknown> {
  const base = baseOf(address.url);
  const secret = address.key ?? settings.masterKey ?? (await keptMasterKey(settings));
  if (secret === undefined)
    throw new CommandRefused(
      'Say the master key of that gateway: --key, or LITELLM_MASTER_KEY. STATE_DIR holds none that can be read.',
    );
  // The person who typed the address allows it, and no other.
  const outbound = new UndiciOutbound({ ...settings, deployments: [], codex: { ...settings.codex, baseUrl: base } });
  try {
    const headers = {
      authorization: `Bearer ${secret}`,
      accept: 'application/json',
      'content-type': 'application/json',
    };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await outbound.send({ method, url: base + path, headers, headersMs: answerMs, ...sent });
    const json = jsonIn(await answer.text(answerLimitBytes, answerMs));
    if (answer.status !== 200) throw new GatewayRefused(refusalWords(answer.status, json), answer.status);
    return json;
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    throw new CommandRefused(`The gateway cannot be reached (${error.details.code ?? error.kind}).`, { cause: error });
  } finally {
    await outbound.close();
  }
}

/** A key that cannot be read is one that has to be said. */
function keptMasterKey({ stateDir }: Settings): Promise<string | undefined> {
  return new StateDir(stateDir).masterKey().catch(() => undefined);
}

function refusalWords(status: number, json: unknown): string {
  const said = messageIn(json);
  if (said !== undefined) return `The gateway answers ${status}: ${said}`;
  return `The gateway answers ${status}${status === 404 ? ': is the address right, and is that a Codex Gateway?' : '.'}`;
}

/** Only the envelope of our own errors is shown. */
function messageIn(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('error' in json)) return undefined;
  const { error } = json;
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  return typeof error.message === 'string' ? error.message.slice(0, 1_000) : undefined;
}
