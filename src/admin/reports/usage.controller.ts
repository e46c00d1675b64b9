import { Controller, Get, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { RouteGroup } from '../../keys/route-group.decorator';
import { HolderUsage } from '../../reports/usage/holder-usage';
import { callerOf } from './asking';
import { jsonAnswer } from '../../http/openapi-answers';
import { codexUsageAnswer, usageAnswer } from '../../reports/usage/usage-answers';

/** The doors for the holder of a key who asks about itself. Open to every key. */
@ApiTags('Usage')
@ApiBearerAuth()
@RouteGroup('info', { always: true })
@Controller()
export class UsageController {
  constructor(private readonly usage: HolderUsage) {}

  @Get(['v1/usage', 'usage'])
  @ApiOperation({ summary: 'Own spend, limits, what is left and when they start anew' })
  @jsonAnswer(usageAnswer)
  own(@Req() request: FastifyRequest): Promise<object> {
    return this.usage.own(callerOf(request));
  }

  @Get(['backend-api/wham/usage', 'api/codex/usage'])
  @ApiOperation({ summary: 'The same as windows, as the Codex CLI shows them in /status' })
  @jsonAnswer(codexUsageAnswer)
  codex(@Req() request: FastifyRequest): Promise<object> {
    return this.usage.forCodex(callerOf(request));
  }
}
