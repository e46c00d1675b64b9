import { Inject, Injectable } from '@nestjs/common';
import { type Identity, TokenIdentity } from '../auth/token-identity';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { Outbound } from '../outbound/outbound';
import { failureOfAnswer } from '../protocol/codex/codex-failure';
import { jsonOf } from './json-answer';
import { z } from 'zod';

const bodyLimitBytes = 64 * 1024;
const identitySchema = z.object({
  chatgpt_account_id: z.string().min(1),
  chatgpt_account_is_fedramp: z.boolean().nullish(),
});

/** Asks the login server's `whoami` for the account of an `at-…` token. */
@Injectable()
export class UpstreamTokenIdentity extends TokenIdentity {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {
    super();
  }

  async identify(accessToken: string): Promise<Identity> {
    const { tokenEndpointMs } = this.settings.times;
    const response = await this.outbound.send({
      method: 'GET',
      url: this.settings.codex.whoamiUrl,
      headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      headersMs: tokenEndpointMs,
    });
    const bodyText = await response.text(bodyLimitBytes, tokenEndpointMs);
    const { status, headers } = response;
    if (status !== 200) throw failureOfAnswer({ status, headers, bodyText, nowMs: this.clock.nowMs() });
    const identity = identitySchema.safeParse(jsonOf(bodyText));
    if (!identity.success) {
      throw new UpstreamFailure({ kind: 'server_error', message: 'The login server named no account for this token.' });
    }
    return {
      accountId: identity.data.chatgpt_account_id,
      isFedramp: identity.data.chatgpt_account_is_fedramp === true,
    };
  }
}
