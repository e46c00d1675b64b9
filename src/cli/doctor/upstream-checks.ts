import { type Settings } from '../../config/settings';
import { SystemClock } from '../../config/system-clock';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { allowedOrigins } from '../../outbound/allowed-origins';
import { UndiciOutbound } from '../../outbound/undici-outbound';
import { clockByDate } from './clock-check';
import { fault, type Finding, ok, warning } from './finding';

const answerMs = 10_000;
const clock = new SystemClock();

/** What the code of a failed connection asks for. */
const ways: readonly (readonly [RegExp, string])[] = [
  [/ENOTFOUND|EAI_AGAIN/, 'the name cannot be resolved: check DNS, or set HTTPS_PROXY'],
  [/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/, 'the certificate is not trusted: name the authority in NODE_EXTRA_CA_CERTS'],
  [/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ECONNRESET/, 'the network does not let this machine through: check firewall and HTTPS_PROXY'],
]; // prettier-ignore

/** Hosts that a gateway can do without for a while: it has copies. */
function isOptional({ codex }: Settings, origin: string): boolean {
  return [codex.instructionsBaseUrl, codex.releasesUrl].some((url) => new URL(url).origin === origin);
}

/**
 * Whether every upstream origin can be reached, over the proxy if there is one: one `HEAD /` each, which is no call of the
 * API, costs no quota and carries no credential. Any answer will do. That of the Codex backend also tells the time, which
 * is what the lives of logins are measured by.
 */
export async function upstreamFindings(settings: Settings): Promise<readonly Finding[]> {
  const outbound = new UndiciOutbound(settings);
  try {
    const found = await Promise.all([...allowedOrigins(settings)].map((origin) => reach(outbound, settings, origin)));
    return found.flat();
  } finally {
    await outbound.close();
  }
}

async function reach(outbound: UndiciOutbound, settings: Settings, origin: string): Promise<readonly Finding[]> {
  const check = 'upstream';
  const started = performance.now();
  try {
    const answer = await outbound.send({ method: 'HEAD', url: `${origin}/`, headers: {}, headersMs: answerMs });
    answer.cancel();
    const reached = ok(check, `${origin} answers in ${Math.round(performance.now() - started)} ms`);
    const tellsTime = new URL(settings.codex.baseUrl).origin === origin;
    return tellsTime ? [reached, clockByDate(answer.headers['date'], clock.nowMs(), origin)] : [reached];
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    const message = `${origin}: ${error.message}`;
    const advice = ways.find(([code]) => code.test(error.message))?.[1] ?? 'check firewall, DNS and HTTPS_PROXY';
    return isOptional(settings, origin)
      ? [warning(check, message, `${advice}; bundled copies serve meanwhile`)]
      : [fault(check, message, advice)];
  }
}
