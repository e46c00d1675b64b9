import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { jsonBody } from '../http/openapi-bodies';
import { isHeldAdmin, actionDenied } from '../keys/management/actor';
import { readDump } from '../keys/management/litellm-import';
import { Management } from '../keys/management/management';
import { RouteGroup } from '../keys/route-group.decorator';
import { actorOf, bodyOf, importBytes } from './admin-request';
import { ManagementThrottlerGuard } from './management-throttler.guard';
import { SpendResets } from './spend-resets';
import { jsonAnswer } from '../http/openapi-answers';
import { importReport } from './answers';

/** What is asked, for the API reference; `readDump` reads it. Alone a list is one of keys. */
const rows = z.array(z.looseObject({}));
const dumpBody = z.union([
  z.looseObject({ budgets: rows.optional(), teams: rows.optional(), users: rows.optional(), keys: rows.optional() }),
  rows,
]);

/** The door of `import-litellm --url`. */
@ApiTags('Keys')
@ApiBearerAuth()
@UseGuards(ManagementThrottlerGuard)
@Controller('import')
export class ImportController {
  constructor(
    private readonly management: Management,
    private readonly spend: SpendResets,
  ) {}

  @RouteGroup('management')
  @Post('litellm')
  @HttpCode(200)
  @ApiOperation({ summary: 'Takes over rows of LiteLLM’s tables; what is here already is left as it is' })
  @jsonBody(dumpBody)
  @jsonAnswer(importReport)
  async run(@Req() request: FastifyRequest): Promise<object> {
    const actor = actorOf(request);
    if (isHeldAdmin(actor)) throw actionDenied('An import may bring admins, so it needs a key without allowed_routes.');
    return this.management.imports.run(actor, readDump(await bodyOf(request, importBytes)), (kind, id, amount) =>
      this.spend.take(kind, id, amount),
    );
  }
}
