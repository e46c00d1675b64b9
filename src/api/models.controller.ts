import { createHash } from 'node:crypto';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { modelNotFound } from '../kernel/errors';
import { ModelListing } from './model-listing';

/** The doors that say which models there are. */
@ApiTags('Models')
@ApiBearerAuth()
@Controller()
export class ModelsController {
  constructor(private readonly listing: ModelListing) {}

  @Get(['v1/models', 'models'])
  @ApiOperation({ summary: 'Models of this key; with client_version also the catalog a Codex CLI reads' })
  async list(
    @Query('client_version') clientVersion: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const data = await this.listing.openAiList();
    const models = clientVersion === undefined ? {} : { models: await this.listing.cliCatalog() };
    await sendTagged(request, reply, { object: 'list', data, ...models });
  }

  @Get('backend-api/codex/models')
  @ApiOperation({ summary: "The account's model catalog, entries whole" })
  async catalog(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await sendTagged(request, reply, { models: await this.listing.cliCatalog() });
  }

  @Get(['v1/models/:id', 'models/:id'])
  @ApiOperation({ summary: 'One model' })
  async one(@Param('id') id: string): Promise<object> {
    const found = (await this.listing.openAiList()).find((model) => model.id === id);
    if (found === undefined) throw modelNotFound(id);
    return found;
  }

  @Get(['v1/model/info', 'model/info'])
  @ApiOperation({ summary: 'Deployments of every model group, without secrets (LiteLLM shape)' })
  async info(): Promise<object> {
    return { data: await this.listing.modelInfo() };
  }

  @Get('model_group/info')
  @ApiOperation({ summary: 'Model groups and what they can do (LiteLLM shape)' })
  async groupInfo(): Promise<object> {
    return { data: await this.listing.groupInfo() };
  }
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
