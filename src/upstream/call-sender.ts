import { Inject, Injectable } from '@nestjs/common';
import { type AccessToken, AccessTokens } from '../auth/access-tokens';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { noSpan, type Span } from '../kernel/tracing';
import { type StopSignal } from '../kernel/stop-signal';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { Outbound, type OutboundResponse } from '../outbound/outbound';
import { failureOfAnswer } from '../protocol/codex/codex-failure';
import { waited } from './waited';
import { type PreparedCall } from './prepared-call';

/** How much of a refusal is read to find out what it means. */
const refusalLimitBytes = 64 * 1024;

/** One sending of a prepared call. */
export interface Sending {
  readonly deployment: Deployment;
  readonly call: PreparedCall;
  /** Of `loginFor`. */
  readonly token: AccessToken | undefined;
  readonly signal: StopSignal;
  /** Until the response headers, milliseconds. */
  readonly headersMs: number;
  /** Of the attempt. */
  readonly span?: Span;
}

/** Puts the login on a call and sends it; asks once more when the login was renewed meanwhile. */
@Injectable()
export class CallSender {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly tokens: AccessTokens,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns an answer with status 200.
   * @throws {UpstreamFailure} for any other. @throws {GatewayError} when the login became unusable.
   */
  async send(sending: Sending): Promise<OutboundResponse> {
    const { deployment, token, call } = sending;
    const response = await this.post(sending, token);
    if (response.status === 200) return response;
    const failure = blamed(await this.refusal(response), call);
    if (token === undefined || failure.kind !== 'unauthorized') throw failure;
    const renewal = this.tokens.rejected(deployment.credential, token);
    const { span = noSpan } = sending;
    if (!(await waited(renewal, { span, name: 'refresh', clock: this.clock }))) throw failure;
    const again = await this.post(sending, await this.loginFor(deployment));
    if (again.status === 200) return again;
    throw blamed(await this.refusal(again), call);
  }

  /** What an answer means that is no stream, whatever its status. Reads it, so call it once. */
  async refusal(response: OutboundResponse, ahead: readonly Buffer[] = []): Promise<UpstreamFailure> {
    const { status, headers } = response;
    const bodyText = Buffer.concat(ahead).toString('utf8') + (await this.wholeText(response));
    return failureOfAnswer({ status, headers, bodyText, nowMs: this.clock.nowMs() });
  }

  /** A refusal that breaks off in the middle still is a refusal: its status says enough. */
  private async wholeText(response: OutboundResponse): Promise<string> {
    try {
      return await response.text(refusalLimitBytes, this.settings.times.catalogMs);
    } catch {
      return '';
    }
  }

  /**
   * The login for a call. Asked for before anything else is prepared, so that a dead one is told at once. A ChatGPT login
   * never goes to a foreign host: without a key of its own such a host is called without any.
   *
   * @throws {GatewayError} when the login is unusable.
   */
  async loginFor({ provider, credential }: Deployment): Promise<AccessToken | undefined> {
    if (provider === 'openai' && credential.source.kind !== 'api_key') return undefined;
    return this.tokens.forCredential(credential);
  }

  private post({ call, signal, headersMs }: Sending, token: AccessToken | undefined): Promise<OutboundResponse> {
    return this.outbound.send({
      method: 'POST',
      url: call.url,
      headers: call.headersFor(token),
      body: call.body,
      headersMs,
      signal,
    });
  }
}

/** Whoever closes a model to himself is refused himself: the accounts that have it must not rest for everybody else. */
function blamed(failure: UpstreamFailure, { isClosedByCaller = false }: PreparedCall): UpstreamFailure {
  if (!isClosedByCaller || failure.kind !== 'model_unavailable') return failure;
  return new UpstreamFailure({ ...failure.details, kind: 'invalid_request' });
}
