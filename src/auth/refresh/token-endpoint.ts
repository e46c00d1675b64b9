import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module';
import { type Settings } from '../../config/settings';
import { Clock } from '../../kernel/clock';
import { UpstreamFailure } from '../../kernel/upstream-failure';
import { Outbound, type OutboundRequest, type OutboundResponse } from '../../outbound/outbound';
import { judgeAnswer, neverSent, type RefreshOutcome } from './refresh-outcome';

/** The public client id that all known tools refresh with; its calls share one lane. */
export const oauthClientId = 'app_EMoamEEZ73f0CkXaXp7hrann';

/** Why a refresh is asked for, in the words of the token endpoint (recorded with CLI 0.169.0). */
export type RefreshReason = 'proactive_expiry' | 'unauthorized_recovery';

const answerLimitBytes = 256 * 1024;

/** Port: spends a refresh token. Never throws: every way to fail is an outcome. */
export abstract class TokenEndpoint {
  abstract refresh(refreshToken: string, reason: RefreshReason): Promise<RefreshOutcome>;
}

/** The token endpoint of the settings. */
@Injectable()
export class OutboundTokenEndpoint extends TokenEndpoint {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {
    super();
  }

  async refresh(refreshToken: string, reason: RefreshReason): Promise<RefreshOutcome> {
    const startedMs = this.clock.monotonicMs();
    const { tokenEndpointMs } = this.settings.times;
    let response: OutboundResponse;
    try {
      response = await this.outbound.send(this.request(refreshToken, reason));
    } catch (error) {
      return neverSent(error) ? { kind: 'not_sent', code: codeOf(error) } : { kind: 'uncertain', code: codeOf(error) };
    }
    try {
      const leftMs = Math.max(1, tokenEndpointMs - (this.clock.monotonicMs() - startedMs));
      const text = await response.text(answerLimitBytes, leftMs);
      return judgeAnswer(response.status, response.headers, text);
    } catch (error) {
      // A refusal says enough by its status; a success whose body is lost has spent the token.
      if (response.status !== 200) return judgeAnswer(response.status, response.headers, '');
      return { kind: 'uncertain', code: codeOf(error) };
    }
  }

  private request(refreshToken: string, reason: RefreshReason): OutboundRequest {
    const { codex, times } = this.settings;
    return {
      method: 'POST',
      url: codex.refreshTokenUrl,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        originator: codex.originator,
        'user-agent': codex.originator,
      },
      body: JSON.stringify({
        client_id: oauthClientId,
        grant_type: 'refresh_token',
        refresh_reason: reason,
        refresh_token: refreshToken,
      }),
      connectMs: times.connectMs,
      headersMs: times.tokenEndpointMs,
    };
  }
}

function codeOf(error: unknown): string {
  return error instanceof UpstreamFailure ? (error.details.code ?? error.kind) : 'unknown';
}
