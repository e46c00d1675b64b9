import { z } from 'zod';
import { type Settings } from '../../config/settings';
import { jsonIn } from '../../kernel/json-text';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { UndiciOutbound } from '../../outbound/undici-outbound';
import { baseOf } from '../gateway-address';
import { fault, type Finding, ok, warning } from './finding';

const readinessSchema = z.object({
  status: z.string(),
  cache: z.string().nullable(),
  degraded: z.array(z.string()),
  in_flight_requests: z.number(),
});

const answerMs = 10_000;
const answerLimitBytes = 64 * 1024;

/** What is behind the words of readiness. */
const advices: ReadonlyMap<string, string> = new Map([
  ['state_unavailable', 'its Redis, or its STATE_DIR, cannot be used: see its log'],
  [
    'state_folder_in_use',
    'another running gateway has its STATE_DIR: stop one, give each its own, or let them share Redis',
  ],
  ['login_unusable', 'a credential has no login: `accounts --url` names it'],
  ['login_not_renewed', 'a login cannot be renewed: `accounts --url` says why'],
  ['login_file_not_writable', 'a renewed login is in the state only: make its file writable'],
  ['config_rejected', 'its configuration file has faults: see its log, and `check-config`'],
]);

/** How a running gateway is, by its readiness, which asks for no key. @throws {CommandRefused} for what is no address. */
export async function gatewayFindings(settings: Settings, url: string): Promise<readonly Finding[]> {
  const base = baseOf(url);
  const outbound = new UndiciOutbound({ ...settings, deployments: [], codex: { ...settings.codex, baseUrl: base } });
  try {
    const asked = { method: 'GET', url: `${base}/health/readiness`, headers: {}, headersMs: answerMs } as const;
    const answer = await outbound.send(asked);
    return readinessFindings(base, await answer.text(answerLimitBytes, answerMs));
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    const message = `${base}: ${error.message.replace('The upstream', 'it')}`;
    return [fault('gateway', message, 'is it running, and is the address right?')];
  } finally {
    await outbound.close();
  }
}

function readinessFindings(base: string, text: string): readonly Finding[] {
  const read = readinessSchema.safeParse(jsonIn(text)).data;
  const check = 'gateway';
  if (read === undefined)
    return [fault(check, `${base} does not answer like a Codex Gateway`, 'check the address and what is before it')];
  const facts = `${base} is ${read.status}, ${read.in_flight_requests} requests in hand`;
  const first = read.status === 'healthy' ? ok(check, facts) : fault(check, facts, adviceFor(read));
  const trouble = read.degraded.map((word) => warning(check, word, advices.get(word) ?? 'see its log'));
  return [first, ...trouble];
}

function adviceFor({ status, degraded }: Pick<z.infer<typeof readinessSchema>, 'status' | 'degraded'>): string {
  if (status === 'draining') return 'it is ending; ask another replica';
  return degraded.includes('state_folder_in_use')
    ? 'ask the gateway that has its STATE_DIR'
    : 'Redis has been away for too long: see its log';
}
