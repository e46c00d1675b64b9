import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { SETTINGS } from '../config/config.module';
import { type Settings } from '../config/settings';
import { Lifecycle } from '../http/lifecycle';
import { Public } from '../keys/public.decorator';

/** LiteLLM's readiness shape; there is no SQL database here. */
export interface Readiness {
  readonly status: 'healthy' | 'draining';
  readonly db: 'Not connected';
  readonly cache: null;
  readonly in_flight_requests: number;
}

interface Endpoint {
  readonly model: string;
  readonly api_base: string;
  readonly model_id?: string;
}

/** LiteLLM's endpoint list; no live calls are made, so nothing is spent by asking. */
export interface EndpointHealth {
  readonly healthy_endpoints: readonly Endpoint[];
  readonly unhealthy_endpoints: readonly Endpoint[];
  readonly healthy_count: number;
  readonly unhealthy_count: number;
}

type HealthSettings = Pick<Settings, 'deployments' | 'codex'>;

/** Probes of orchestrators and balancers. Liveness says that the process answers, readiness that it takes new work. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly lifecycle: Lifecycle,
    @Inject(SETTINGS) private readonly settings: HealthSettings,
  ) {}

  @Public()
  @Get(['liveliness', 'liveness'])
  @Header('content-type', 'application/json; charset=utf-8')
  liveness(): string {
    return JSON.stringify("I'm alive!");
  }

  /** 503 while draining, so that no new request is sent here. */
  @Public()
  @Get('readiness')
  readiness(@Res({ passthrough: true }) reply: FastifyReply): Readiness {
    const draining = this.lifecycle.state === 'draining';
    void reply.code(draining ? 503 : 200);
    return {
      status: draining ? 'draining' : 'healthy',
      db: 'Not connected',
      cache: null,
      in_flight_requests: this.lifecycle.inFlight,
    };
  }

  @Get()
  endpoints(): EndpointHealth {
    const configured = this.settings.deployments.map(({ id, upstreamModel, apiBase }): Endpoint => ({
      model: upstreamModel,
      api_base: apiBase,
      model_id: id,
    }));
    const endpoints = configured.length > 0 ? configured : [{ model: '*', api_base: this.settings.codex.baseUrl }];
    return {
      healthy_endpoints: endpoints,
      unhealthy_endpoints: [],
      healthy_count: endpoints.length,
      unhealthy_count: 0,
    };
  }
}
