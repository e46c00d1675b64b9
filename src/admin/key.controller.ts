import { Controller, HttpCode, Param, Post, Query, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { KeyGuard } from '../keys/key.guard';
import { type Actor, isAdmin } from '../keys/management/actor';
import { generateShape, regenerateShape, updateShape } from '../keys/management/key-fields';
import { type MintedKey } from '../keys/management/key-minting';
import { Management } from '../keys/management/management';
import { dollars, name } from '../keys/rows/field-types';
import { RouteGroup } from '../keys/route-group.decorator';
import { AlertCenter } from '../reports/alerts/alert-center';
import { actorOf, bodyOf, ignoredView, optionalBodyOf, type Query as Params, textIn } from './admin-request';
import { EntityViews } from './entity-views';
import { newKey } from './new-holders';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { jsonBody, optionalJsonBody, queries } from '../http/openapi-bodies';
import { resetBody, SpendResets } from './spend-resets';
import { jsonAnswer } from '../http/openapi-answers';
import { changedKey, deletedKeys, mintedKey } from './answers';
import { keyAnswer } from '../keys/management/entity-answers';

const makers = { roles: 'makers' } as const;

/** LiteLLM's routes that make and change keys. */
@ApiTags('Keys')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller('key')
export class KeyController {
  // eslint-disable-next-line max-params -- Nest fills it in; each is a room of its own
  constructor(
    private readonly management: Management,
    private readonly views: EntityViews,
    private readonly resets: SpendResets,
    private readonly alerts: AlertCenter,
    private readonly guard: KeyGuard,
  ) {}

  @RouteGroup('management', makers)
  @Post('generate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a key; its value is shown this once' })
  @jsonBody(generateShape)
  @jsonAnswer(mintedKey)
  async generate(@Req() request: FastifyRequest): Promise<object> {
    const [actor, body] = [actorOf(request), await bodyOf(request)];
    return this.minted(await this.guarded(actor, body, () => this.management.minting.generate(actor, body)));
  }

  @RouteGroup('management', makers)
  @Post('service-account/generate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Makes a key of a team that is no person’s' })
  @jsonBody(generateShape)
  @jsonAnswer(mintedKey)
  async generateForService(@Req() request: FastifyRequest): Promise<object> {
    const [actor, body] = [actorOf(request), await bodyOf(request)];
    return this.minted(await this.guarded(actor, body, () => this.management.minting.generateForService(actor, body)));
  }

  @RouteGroup('management', makers)
  @Post('update')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes the fields that are sent; null takes one away' })
  @jsonBody({ ...updateShape, key: name, spend: dollars })
  @jsonAnswer(changedKey)
  async update(@Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const { key, ignored, setsBudget, spend } = await this.management.changes.update(actor, await bodyOf(request));
    if (spend !== undefined) await this.resets.set(actor, { kind: 'key', id: key.id }, spend);
    const note = setsBudget ? { budget_note: budgetNote } : {};
    return { key: key.id, ...(await this.views.key(key)), ...ignoredView(ignored), ...note };
  }

  @RouteGroup('management', makers)
  @Post('delete')
  @HttpCode(200)
  @ApiOperation({ summary: 'Deletes keys, all that are named or none' })
  @jsonBody({ keys: name.array(), key_aliases: name.array() })
  @jsonAnswer(deletedKeys)
  async remove(@Req() request: FastifyRequest): Promise<object> {
    return { deleted_keys: await this.management.changes.remove(actorOf(request), await bodyOf(request)) };
  }

  @RouteGroup('management')
  @Post('block')
  @HttpCode(200)
  @ApiOperation({ summary: 'Switches a key off, on every replica' })
  @jsonBody({ key: name })
  @jsonAnswer(keyAnswer)
  async block(@Req() request: FastifyRequest): Promise<object> {
    return this.views.key(await this.management.changes.block(actorOf(request), await bodyOf(request), true));
  }

  @RouteGroup('management')
  @Post('unblock')
  @HttpCode(200)
  @ApiOperation({ summary: 'Switches a key on again' })
  @jsonBody({ key: name })
  @jsonAnswer(keyAnswer)
  async unblock(@Req() request: FastifyRequest): Promise<object> {
    return this.views.key(await this.management.changes.block(actorOf(request), await bodyOf(request), false));
  }

  @RouteGroup('management', makers)
  @Post('regenerate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Another value for the same key; the old one works on for grace_period' })
  @queries('key')
  @optionalJsonBody({ ...regenerateShape, key: name.optional() })
  @jsonAnswer(mintedKey)
  async regenerate(@Query() query: Params, @Req() request: FastifyRequest): Promise<object> {
    const body = await optionalBodyOf(request);
    // As in LiteLLM the body goes before the query.
    const isInBody = typeof body === 'object' && body !== null && 'key' in body && body.key !== null;
    return this.regenerated(request, isInBody ? undefined : textIn(query, 'key'), body);
  }

  @RouteGroup('management', makers)
  @Post(':key/regenerate')
  @HttpCode(200)
  @ApiOperation({ summary: 'The same, with the key or its digest in the path' })
  @optionalJsonBody(regenerateShape)
  @jsonAnswer(mintedKey)
  async regenerateNamed(@Param('key') key: string, @Req() request: FastifyRequest): Promise<object> {
    return this.regenerated(request, key, await optionalBodyOf(request));
  }

  @RouteGroup('management')
  @Post(':key/reset_spend')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sets what counts as spent, by an entry in the ledger' })
  @optionalJsonBody(resetBody)
  @jsonAnswer(keyAnswer)
  async resetSpend(@Param('key') named: string, @Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    const key = await this.management.access.managed(actor, named);
    await this.resets.reset(actor, { kind: 'key', id: key.id }, await optionalBodyOf(request));
    return this.views.key(key);
  }

  /** Who says what the key shall be may be guessing. */
  private guarded(actor: Actor, body: unknown, work: () => Promise<MintedKey>): Promise<MintedKey> {
    const isOwn = typeof body === 'object' && body !== null && ('key' in body || 'new_key' in body);
    return isOwn && !isAdmin(actor) ? this.guard.guessing(actor.clientIp ?? '', work) : work();
  }

  private async minted(minted: MintedKey): Promise<object> {
    this.alerts.keyCreated(newKey(minted.key));
    return { ...(await this.views.newKey(minted.key)), ...secretView(minted) };
  }

  private async regenerated(request: FastifyRequest, named: string | undefined, body: unknown): Promise<object> {
    const actor = actorOf(request);
    const minted = await this.guarded(actor, body, () => this.management.changes.regenerate(actor, named, body));
    return { ...(await this.views.key(minted.key)), ...secretView(minted) };
  }
}

const budgetNote =
  'The budget counts from the ledger of its current period: what this key spent in that period before now counts too.';

function secretView({ secret, key, ignored }: MintedKey): object {
  return { key: secret, token: key.id, token_id: key.id, ...ignoredView(ignored) };
}
