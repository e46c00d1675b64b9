import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type AccessToken, AccessTokens } from '../auth/access-tokens';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { Clock } from '../kernel/clock';
import { UpstreamFailure } from '../kernel/upstream-failure';
import { CatalogSource, type FetchedCatalog } from '../models/catalog-source';
import { Outbound, type OutboundResponse } from '../outbound/outbound';
import { failureOfAnswer } from '../protocol/codex/codex-failure';
import { accountHeaders, gatewayHeaders } from './codex-headers';
import { codexIdentity } from './codex-identity';
import { jsonOf } from './json-answer';

/** Room for dozens of models with their prompts. */
const bodyLimitBytes = 16 * 1024 * 1024;
const catalogSchema = z.object({ models: z.array(z.record(z.string(), z.unknown())) });

type Target = Pick<Deployment, 'apiBase' | 'credential'>;

/** Asks the Codex backend for an account's model catalog (protocol 6.1). */
@Injectable()
export class UpstreamCatalogSource extends CatalogSource {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly tokens: AccessTokens,
    private readonly outbound: Outbound,
    private readonly clock: Clock,
  ) {
    super();
  }

  async fetch(target: Target, etag?: string): Promise<FetchedCatalog | undefined> {
    const token = await this.tokens.forCredential(target.credential);
    let response = await this.ask(target, token, etag);
    if (response.status === 401 && (await this.tokens.rejected(target.credential, token))) {
      response.cancel();
      response = await this.ask(target, await this.tokens.forCredential(target.credential), etag);
    }
    if (response.status === 304) {
      response.cancel();
      return undefined;
    }
    return this.catalogIn(response);
  }

  private ask({ apiBase }: Target, token: AccessToken, etag: string | undefined): Promise<OutboundResponse> {
    const identity = codexIdentity(this.settings);
    return this.outbound.send({
      method: 'GET',
      url: `${apiBase}/models?client_version=${encodeURIComponent(identity.clientVersion)}`,
      headers: {
        ...gatewayHeaders(identity),
        ...accountHeaders(token),
        accept: 'application/json',
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
      headersMs: this.settings.times.catalogMs,
    });
  }

  private async catalogIn(response: OutboundResponse): Promise<FetchedCatalog> {
    const { status, headers } = response;
    const bodyText = await response.text(bodyLimitBytes, this.settings.times.catalogMs);
    if (status !== 200) throw failureOfAnswer({ status, headers, bodyText, nowMs: this.clock.nowMs() });
    const catalog = catalogSchema.safeParse(jsonOf(bodyText));
    if (!catalog.success) {
      throw new UpstreamFailure({ kind: 'server_error', message: 'The upstream answered with no model catalog.' });
    }
    return { models: catalog.data.models, etag: headers['etag'] };
  }
}
