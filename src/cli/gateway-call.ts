import { type Settings } from '../config/settings';
import { jsonIn } from '../kernel/json-text';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { UndiciOutbound } from '../outbound/undici-outbound';
import { CommandRefused } from './login-words';

/** A running gateway as the words of a command name it. */
export interface GatewayAddress {
  /** Undefined: the one that these settings would start on this machine. */
  readonly url: string | undefined;
  /** Undefined: the master key of the settings. */
  readonly key: string | undefined;
}

/** One question to a gateway. */
export interface GatewayQuestion {
  readonly method: 'GET' | 'POST';
  /** Beginning with a slash. */
  readonly path: string;
  readonly body?: unknown;
  /** How long the answer may take; milliseconds. */
  readonly answerMs?: number;
}

/** A status and, unless it is something else, the JSON of an answer. */
export interface GatewayAnswer {
  readonly status: number;
  readonly json: unknown;
}

const usualAnswerMs = 10_000;
const answerLimitBytes = 4 * 1024 * 1024;

/** Asks a running gateway, one question after the other. @throws {CommandRefused} naming neither key nor answer. */
export async function callGateway(
  settings: Settings,
  { url, key }: GatewayAddress,
  questions: readonly GatewayQuestion[],
): Promise<readonly GatewayAnswer[]> {
  const base = baseOf(url ?? ownAddress(settings));
  const secret = key ?? settings.masterKey;
  if (secret === undefined) throw new CommandRefused('Say a key of that gateway: --key, or GATEWAY_MASTER_KEY.');
  // The person who typed the address allows it, and no other.
  const outbound = new UndiciOutbound({ ...settings, deployments: [], codex: { ...settings.codex, baseUrl: base } });
  try {
    const answers: GatewayAnswer[] = [];
    for (const question of questions) answers.push(await ask(outbound, base, secret, question));
    return answers;
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    throw new CommandRefused(`The gateway cannot be reached (${error.details.code ?? error.kind}).`, { cause: error });
  } finally {
    await outbound.close();
  }
}

/** What a person reads when the gateway does not answer 200. */
export function refusalOf(status: number, whoMay: string): CommandRefused {
  const hint = status === 401 || status === 403 ? `: ${whoMay}` : status === 404 ? wrongPlace : '';
  return new CommandRefused(`The gateway answers ${status}${hint}.`);
}

const wrongPlace = ': is the address right, and is that a Codex Gateway?';

/** A 200 that reads like something else. */
export function notOurs(): CommandRefused {
  return new CommandRefused('That address does not answer like a Codex Gateway.');
}

async function ask(
  outbound: UndiciOutbound,
  base: string,
  secret: string,
  { method, path, body, answerMs = usualAnswerMs }: GatewayQuestion,
): Promise<GatewayAnswer> {
  const headers = {
    authorization: `Bearer ${secret}`,
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await outbound.send({ method, url: `${base}${path}`, headers, headersMs: answerMs, ...text });
  return { status: answer.status, json: jsonIn(await answer.text(answerLimitBytes, answerMs)) };
}

function ownAddress({ listen: { host, port } }: Settings): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** The address with a path, if it has one, and nothing else. */
function baseOf(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol) || address.username !== '' || address.search !== '')
    throw new CommandRefused('--url must be an http or https address, for example http://127.0.0.1:4000');
  return `${address.origin}${address.pathname}`.replace(/\/+$/, '');
}
