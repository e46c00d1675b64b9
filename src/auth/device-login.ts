import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { jsonIn } from '../kernel/json-text';
import { type Settings } from '../config/settings';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { type Outbound } from '../outbound/outbound';
import { type TokenPair } from './login-files';
import { oauthClientId } from './refresh/token-endpoint';

/** A code for a person to type into a browser, on any machine. */
export interface DeviceCode {
  /** Where the person has to go. */
  readonly verificationUrl: string;
  readonly userCode: string;
  /** Names this attempt to the login server; not for people. */
  readonly deviceAuthId: string;
  readonly intervalMs: number;
}

/** Why there is no login; the message is for the operator and holds no secret. */
export class DeviceLoginFailed extends Error {}

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

/** What a call carries: JSON, or a form for the last step, as the Codex CLI sends them. */
type Payload =
  { readonly json: Readonly<Record<string, string>> } | { readonly form: Readonly<Record<string, string>> };

const answerLimitBytes = 256 * 1024;
/** Life of a code at the login server. */
const codeLifeMs = 15 * 60_000;
const longestIntervalMs = 60_000;

const codeSchema = z
  .object({
    device_auth_id: z.string().min(1),
    user_code: z.string().min(1).optional(),
    usercode: z.string().min(1).optional(),
    // Seconds; the server sends them as text.
    interval: z.union([z.string(), z.number()]).optional(),
  })
  .transform(({ device_auth_id: deviceAuthId, user_code: userCode, usercode, interval }) => ({
    deviceAuthId,
    userCode: userCode ?? usercode,
    intervalMs: intervalMsOf(Number(interval ?? 5)),
  }));
const grantSchema = z.object({ authorization_code: z.string().min(1), code_verifier: z.string().min(1) });
const tokensSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  id_token: z.string().min(1),
});

/**
 * The device code flow of the Codex CLI (`codex login --device-auth`): the server gives a code, a person approves it in
 * any browser, the server gives an authorization code, and the token endpoint turns that into tokens.
 */
export class DeviceLogin {
  constructor(
    private readonly settings: Pick<Settings, 'codex' | 'times'>,
    private readonly outbound: Outbound,
  ) {}

  /** Asks for a code. @throws {DeviceLoginFailed} */
  async begin(): Promise<DeviceCode> {
    const { status, json } = await this.post('/api/accounts/deviceauth/usercode', {
      json: { client_id: oauthClientId },
    });
    if (status === 404) {
      throw new DeviceLoginFailed(
        'The login server does not offer device codes to this client. A workspace admin may have to allow them (ChatGPT settings, Security).',
      );
    }
    const code = status === 200 ? codeSchema.safeParse(json) : undefined;
    if (code?.success !== true || code.data.userCode === undefined) throw unexpected(status);
    return { ...code.data, userCode: code.data.userCode, verificationUrl: `${this.issuer}/codex/device` };
  }

  /**
   * Waits until a person has approved the code. The pair it returns is the only copy: save it first.
   *
   * @throws {DeviceLoginFailed} when the code was declined or ran out. @throws the signal's reason when aborted.
   */
  async finish(code: DeviceCode, signal?: AbortSignal): Promise<TokenPair> {
    const giveUpMs = performance.now() + codeLifeMs;
    while (performance.now() < giveUpMs) {
      const grant = await this.askForGrant(code);
      if (grant !== undefined) return this.redeem(grant);
      await pause(code.intervalMs, undefined, signal === undefined ? {} : { signal });
    }
    throw new DeviceLoginFailed('Nobody approved the code within 15 minutes. Run login again for a new one.');
  }

  /** Ends a login at the server: every token of its family is dead. @throws {DeviceLoginFailed} when the server did not confirm. */
  async revoke(refreshToken: string): Promise<void> {
    const json = { token: refreshToken, token_type_hint: 'refresh_token', client_id: oauthClientId };
    const { status } = await this.post('/oauth/revoke', { json });
    if (status !== 200) throw unexpected(status);
  }

  /** Undefined while nobody decided, and while the server is in trouble: the person may still be typing. */
  private async askForGrant({ deviceAuthId, userCode }: DeviceCode): Promise<z.output<typeof grantSchema> | undefined> {
    const json = { device_auth_id: deviceAuthId, user_code: userCode };
    const answer = await this.post('/api/accounts/deviceauth/token', { json }).catch((error: unknown) => {
      if (error instanceof DeviceLoginFailed) return undefined;
      throw error;
    });
    if (answer === undefined || answer.status >= 500 || [403, 404, 408, 429].includes(answer.status)) return undefined;
    const grant = answer.status === 200 ? grantSchema.safeParse(answer.json) : undefined;
    if (grant?.success === true) return grant.data;
    if (answer.status === 200) throw unexpected(answer.status);
    throw new DeviceLoginFailed('The login was declined, or its code has run out. Run login again for a new one.');
  }

  /** An authorization code works once, so this is not repeated: after a failure a new login costs one more approval. */
  private async redeem(grant: z.output<typeof grantSchema>): Promise<TokenPair> {
    const form = {
      grant_type: 'authorization_code',
      code: grant.authorization_code,
      redirect_uri: `${this.issuer}/deviceauth/callback`,
      client_id: oauthClientId,
      code_verifier: grant.code_verifier,
    };
    const { status, json } = await this.post('/oauth/token', { form });
    const tokens = status === 200 ? tokensSchema.safeParse(json) : undefined;
    if (tokens?.success !== true) throw unexpected(status);
    const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken } = tokens.data;
    return { accessToken, refreshToken, idToken };
  }

  /** `https://auth.openai.com`, or whatever stands before the path of the token endpoint in the settings. */
  private get issuer(): string {
    const { refreshTokenUrl } = this.settings.codex;
    return refreshTokenUrl.endsWith('/oauth/token')
      ? refreshTokenUrl.slice(0, -'/oauth/token'.length)
      : new URL(refreshTokenUrl).origin;
  }

  private async post(path: string, payload: Payload): Promise<Answer> {
    const { codex, times } = this.settings;
    const isForm = 'form' in payload;
    try {
      const response = await this.outbound.send({
        method: 'POST',
        url: path === '/oauth/token' ? codex.refreshTokenUrl : `${this.issuer}${path}`,
        headers: {
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
          accept: 'application/json',
          originator: codex.originator,
          'user-agent': codex.originator,
        },
        body: isForm ? new URLSearchParams(payload.form).toString() : JSON.stringify(payload.json),
        connectMs: times.connectMs,
        headersMs: times.tokenEndpointMs,
      });
      return { status: response.status, json: jsonIn(await response.text(answerLimitBytes, times.tokenEndpointMs)) };
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      throw new DeviceLoginFailed(`The login server could not be reached. ${error.message}`, { cause: error });
    }
  }
}

function intervalMsOf(seconds: number): number {
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, longestIntervalMs) : 5_000;
}

function unexpected(status: number): DeviceLoginFailed {
  return new DeviceLoginFailed(`The login server gave an answer that was not understood (status ${status}).`);
}
