import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Lifecycle } from '../http/lifecycle';
import { KeyGuard } from '../keys/key.guard';
import { Public } from '../keys/public.decorator';
import { GatewayMetrics } from '../telemetry/gateway-metrics';

/** What Prometheus scrapes, under both spellings (the adapter takes the final slash off) and without a redirect. */
@ApiTags('Metrics')
@Controller()
export class MetricsController {
  constructor(
    private readonly metrics: GatewayMetrics,
    private readonly guard: KeyGuard,
    private readonly lifecycle: Lifecycle,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'observability'>,
  ) {}

  /** Open unless `require_auth_for_metrics_endpoint` is set. @throws {GatewayError} 401 */
  @Public()
  @Get('metrics')
  @ApiOperation({ summary: 'Prometheus metrics; a key is needed only with require_auth_for_metrics_endpoint' })
  async scrape(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    if (this.settings.observability.requireAuthForMetrics) await this.guard.admit(request);
    this.metrics.inFlight.set(this.lifecycle.inFlight);
    const { text, contentType } = await this.metrics.exposition();
    void reply.header('content-type', contentType);
    return text;
  }
}
