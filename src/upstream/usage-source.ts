import { Inject, Injectable } from '@nestjs/common';
import { AccessTokens } from '../auth/access-tokens';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { type PlanQuota } from '../kernel/plan-quota';
import { Outbound } from '../outbound/outbound';
import { quotaOfUsage } from '../protocol/codex/quota-words';
import { accountHeaders, gatewayHeaders } from './codex-headers';
import { codexIdentity } from './codex-identity';
import { jsonOf } from './json-answer';

const bodyLimitBytes = 256 * 1024;
/** The usage route lies beside the Codex routes. */
const codexEnding = '/codex';

/** Asks the Codex backend how much of an account's plan is used (protocol 8). */
@Injectable()
export class UsageSource {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly tokens: AccessTokens,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {}

  /** @returns undefined when it did not say: the question is asked for free, and again another time. Never fails. */
  async ask({ apiBase, credential }: Pick<Deployment, 'apiBase' | 'credential'>): Promise<PlanQuota | undefined> {
    if (!apiBase.endsWith(codexEnding)) return undefined;
    try {
      const token = await this.tokens.forCredential(credential);
      const { catalogMs } = this.settings.times;
      const response = await this.outbound.send({
        method: 'GET',
        url: `${apiBase.slice(0, -codexEnding.length)}/wham/usage`,
        headers: {
          ...gatewayHeaders(codexIdentity(this.settings)),
          ...accountHeaders(token),
          accept: 'application/json',
        },
        headersMs: catalogMs,
      });
      const text = await response.text(bodyLimitBytes, catalogMs);
      return response.status === 200 ? quotaOfUsage(jsonOf(text), this.clock.nowMs()) : undefined;
    } catch {
      return undefined;
    }
  }
}
