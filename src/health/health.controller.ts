import { Controller, Get, Header, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { SETTINGS } from '../config/config.module';
import { type Deployment } from '../config/deployment';
import { type Settings } from '../config/settings';
import { callContextOf } from '../http/call-context';
import { Lifecycle } from '../http/lifecycle';
import { Public } from '../keys/public.decorator';
import { RouteGroup } from '../keys/route-group.decorator';
import { ModelGroups } from '../routing/model-groups';
import { isAskedFor, isToldOf } from './told-deployments';
import { type Degradation, LoginsHealth } from './logins-health';
import { type FolderState, StateFolder } from './state-folder';
import { jsonAnswer } from '../http/openapi-answers';
import { endpointHealth, livenessAnswer, readinessAnswer } from './health-answers';

/** LiteLLM's readiness shape; there is no SQL database here. */
export interface Readiness {
  /**
   * `unavailable`: Redis has been away for longer than what is known of it may be trusted, or the state folder belongs to
   * another running gateway.
   */
  readonly status: 'healthy' | 'draining' | 'unavailable';
  readonly db: 'Not connected';
  readonly cache: 'redis' | 'redis (down)' | null;
  /** What works less well than it should; empty while all is well. */
  readonly degraded: readonly Degradation[];
  readonly in_flight_requests: number;
}

interface Endpoint {
  readonly model: string;
  readonly api_base: string;
  readonly model_id?: string;
  /** Of unhealthy ones. */
  readonly error?: string;
}

/** LiteLLM's endpoint list; no live calls are made, so nothing is spent by asking. */
export interface EndpointHealth {
  readonly healthy_endpoints: readonly Endpoint[];
  readonly unhealthy_endpoints: readonly Endpoint[];
  readonly healthy_count: number;
  readonly unhealthy_count: number;
}

const optionalText = { required: false, type: String } as const;

type HealthSettings = Pick<Settings, 'deployments' | 'codex' | 'defaultCredential' | 'times'>;

/** Probes of orchestrators and balancers. Liveness says that the process answers, readiness that it takes new work. */
@ApiTags('Health')
@Controller('health')
export class HealthController {
  // eslint-disable-next-line max-params -- what is well or not is known in so many rooms
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly logins: LoginsHealth,
    private readonly folder: StateFolder,
    private readonly groups: ModelGroups,
    @Inject(SETTINGS) private readonly settings: HealthSettings,
  ) {}

  @Public()
  @Get(['liveliness', 'liveness'])
  @ApiOperation({ summary: 'Whether the process answers; no key needed' })
  @Header('content-type', 'application/json; charset=utf-8')
  @jsonAnswer(livenessAnswer)
  liveness(): string {
    return JSON.stringify("I'm alive!");
  }

  /**
   * 503 while draining, so that no new request is sent here, when Redis has been silent for half a minute, since what is
   * known of keys is too old by then, and while the state folder belongs to another gateway, which then is the better target.
   * Lost logins are no reason, nor is a folder that nobody can use: a refusal that names the trouble helps more than a
   * balancer without a target.
   */
  @Public()
  @Get('readiness')
  @ApiOperation({
    summary: 'Whether new work is taken (503 while draining or without its state), and what is degraded; no key needed',
  })
  @jsonAnswer(readinessAnswer)
  @jsonAnswer(readinessAnswer, { status: 503, description: 'No new work is taken' })
  async readiness(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    // On the way down journals are closed one by one, and none is to be opened again.
    const folder = this.lifecycle.state === 'ready' ? await this.folder.look() : 'open';
    const status = this.statusWith(folder);
    void reply.code(status === 'healthy' ? 200 : 503);
    return {
      status,
      db: 'Not connected',
      cache: this.logins.cache,
      degraded: this.logins.degradations(folder),
      in_flight_requests: this.lifecycle.inFlight,
    };
  }

  private statusWith(folder: FolderState): Readiness['status'] {
    if (this.lifecycle.state !== 'ready') return 'draining';
    if (folder === 'in_use') return 'unavailable';
    return this.logins.stateSilentMs > this.settings.times.staleStateMs ? 'unavailable' : 'healthy';
  }

  @RouteGroup('info')
  @Get()
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'Deployments of the key’s models whose login can be used, and the others; nothing is called upstream',
  })
  @ApiQuery({ name: 'model', ...optionalText })
  @ApiQuery({ name: 'model_id', ...optionalText })
  @jsonAnswer(endpointHealth)
  endpoints(
    @Query('model') model: unknown,
    @Query('model_id') modelId: unknown,
    @Req() request: FastifyRequest,
  ): EndpointHealth {
    const { principal } = callContextOf(request);
    const { table } = this.groups;
    const asked = { model: textIn(model), modelId: textIn(modelId) };
    const deployments = this.settings.deployments.filter(
      (each) => isToldOf(principal, each, table) && isAskedFor(each, asked),
    );
    const unusable = this.logins.unusableCredentials();
    const healthy: Endpoint[] = [];
    const unhealthy: Endpoint[] = [];
    for (const { credential, endpoint } of endpointsOf(this.settings, deployments)) {
      if (credential !== undefined && unusable.has(credential))
        unhealthy.push({ ...endpoint, error: 'its upstream login cannot be used' });
      else healthy.push(endpoint);
    }
    return {
      healthy_endpoints: healthy,
      unhealthy_endpoints: unhealthy,
      healthy_count: healthy.length,
      unhealthy_count: unhealthy.length,
    };
  }
}

interface Needed {
  readonly credential: string | undefined;
  readonly endpoint: Endpoint;
}

/** Deployments with the names of the credentials that they need; where none is configured the whole catalog of the default login. */
function endpointsOf(settings: HealthSettings, told: readonly Deployment[]): readonly Needed[] {
  const { deployments, codex, defaultCredential } = settings;
  if (deployments.length === 0) {
    return [{ credential: defaultCredential.name, endpoint: { model: '*', api_base: codex.baseUrl } }];
  }
  return told.map(({ id, upstreamModel, apiBase, credential, mockResponse }) => ({
    credential: mockResponse === undefined ? credential.name : undefined,
    endpoint: { model: upstreamModel, api_base: apiBase, model_id: id },
  }));
}

/** Empty, as forms send it, asks for nothing. */
function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
