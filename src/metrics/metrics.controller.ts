import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { cameByAdminDoor } from '../http/admin-door';
import { answerOf, namedAnswer } from '../http/openapi-answers';
import { routeElsewhere } from '../kernel/errors';
import { KeyGuard } from '../keys/key.guard';
import { Public } from '../keys/public.decorator';
import { Expositions } from '../workers/expositions';

const exposition = namedAnswer('Exposition', z.string().meta({ description: 'Prometheus’ text format' }));

/** What Prometheus scrapes, under both spellings (the adapter takes the final slash off) and without a redirect. */
@ApiTags('Metrics')
@Controller()
export class MetricsController {
  constructor(
    private readonly expositions: Expositions,
    private readonly guard: KeyGuard,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'observability'>,
  ) {}

  /** Open unless `require_auth_for_metrics_endpoint` is set. @throws {GatewayError} 401 */
  @Public()
  @Get('metrics')
  @ApiOperation({ summary: 'Prometheus metrics; a key is needed only with require_auth_for_metrics_endpoint' })
  @answerOf({ 'text/plain': exposition })
  async scrape(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { adminPort, requireAuthForMetrics } = this.settings.observability;
    if (adminPort !== undefined && !cameByAdminDoor(request.raw)) throw routeElsewhere('GET', '/metrics', 'ADMIN_PORT');
    if (requireAuthForMetrics) await this.guard.admit(request);
    const { text, contentType } = await this.expositions.collect();
    void reply.header('content-type', contentType);
    return text;
  }
}
