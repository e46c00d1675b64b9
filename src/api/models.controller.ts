import { createHash } from 'node:crypto';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { callContextOf } from '../http/call-context';
import { modelNotFound } from '../kernel/errors';
import { type Principal } from '../kernel/principal';
import { RouteGroup } from '../keys/route-group.decorator';
import { ModelInfo } from './model-info';
import { ModelListing } from './model-listing';
import { jsonAnswer } from '../http/openapi-answers';
import { codexCatalog, modelAnswer, modelGroupInfo, modelInfo, modelList, taggedAnswer } from './model-answers';

const optionalText = { required: false, type: String } as const;

/** The doors that say which models there are. */
@ApiTags('Models')
@ApiBearerAuth()
@RouteGroup('llm_api', { always: true })
@Controller()
export class ModelsController {
  constructor(
    private readonly listing: ModelListing,
    private readonly models: ModelInfo,
  ) {}

  @Get(['v1/models', 'models'])
  @ApiOperation({ summary: 'Models of this key; with client_version also the catalog a Codex CLI reads' })
  @ApiQuery({ name: 'client_version', ...optionalText })
  @ApiQuery({ name: 'include_model_access_groups', ...optionalText })
  @taggedAnswer(modelList)
  async list(
    @Query('client_version') clientVersion: unknown,
    @Query('include_model_access_groups') withGroups: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const caller = callerOf(request);
    const data = await this.listing.openAiList(caller, textIn(withGroups)?.toLowerCase() === 'true');
    // Calls that come back over /v1 are made in our own version, so the CLI's hides nothing.
    const models = clientVersion === undefined ? {} : { models: await this.listing.cliCatalog(caller) };
    await sendTagged(request, reply, { object: 'list', data, ...models });
  }

  @Get('backend-api/codex/models')
  @ApiOperation({ summary: "The account's model catalog, entries whole, as far as the CLI is new enough for them" })
  @ApiQuery({ name: 'client_version', ...optionalText })
  @taggedAnswer(codexCatalog)
  async catalog(
    @Query('client_version') clientVersion: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const models = await this.listing.cliCatalog(callerOf(request), textIn(clientVersion));
    await sendTagged(request, reply, { models });
  }

  @Get(['v1/models/:id', 'models/:id'])
  @ApiOperation({ summary: 'One model' })
  @jsonAnswer(modelAnswer)
  async one(@Param('id') id: string, @Req() request: FastifyRequest): Promise<object> {
    const found = (await this.listing.openAiList(callerOf(request))).find((model) => model.id === id);
    if (found === undefined) throw modelNotFound(id);
    return found;
  }

  @Get(['v1/model/info', 'model/info'])
  @ApiOperation({ summary: 'Deployments of every model group, without secrets (LiteLLM shape)' })
  @ApiQuery({ name: 'litellm_model_id', ...optionalText })
  @jsonAnswer(modelInfo)
  async info(@Query('litellm_model_id') id: unknown, @Req() request: FastifyRequest): Promise<object> {
    return { data: await this.models.deployments(callerOf(request), textIn(id)) };
  }

  @Get('model_group/info')
  @ApiOperation({ summary: 'Model groups and what they can do (LiteLLM shape)' })
  @ApiQuery({ name: 'model_group', ...optionalText })
  @jsonAnswer(modelGroupInfo)
  async groupInfo(@Query('model_group') name: unknown, @Req() request: FastifyRequest): Promise<object> {
    return { data: await this.models.modelGroups(callerOf(request), textIn(name)) };
  }
}

function callerOf(request: FastifyRequest): Principal | undefined {
  return callContextOf(request).principal;
}

/** A parameter that is given twice is a list. */
function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Our own ETag: the upstream's would make a CLI fetch the catalog again after every answer. */
async function sendTagged(request: FastifyRequest, reply: FastifyReply, body: object): Promise<void> {
  const text = JSON.stringify(body);
  const etag = `W/"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
  reply.header('etag', etag);
  if (request.headers['if-none-match'] === etag) {
    await reply.status(304).send();
    return;
  }
  await reply.type('application/json; charset=utf-8').send(text);
}
