import { Readable } from 'node:stream';
import { Controller, Get, Query, Req, Res, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { queries } from '../../http/openapi-bodies';
import { RouteGroup } from '../../keys/route-group.decorator';
import { ActivityReports } from '../../reports/activity/activity-reports';
import { SpendExport } from '../../reports/rows/spend-export';
import { SpendLogs } from '../../reports/rows/spend-logs';
import { callerSight, parametersIn } from './asking';
import { KeyNames } from './key-names.pipe';
import { answerOf, jsonAnswer } from '../../http/openapi-answers';
import { csvFile, spendLogAnswer, spendLogPage, spendLogs } from '../../reports/rows/row-answers';

const optionalText = { required: false, type: String } as const;

/** Which rows are wanted, beside their time. */
const filters = [
  'api_key', 'user_id', 'team_id', 'end_user', 'session_id', 'model', 'model_group', 'model_id', 'key_alias', 'tag',
  'status_filter', 'error_code', 'min_spend', 'max_spend',
] as const; // prettier-ignore

/** The doors to single requests of the past: what each cost, who made it, how it ended. */
@ApiTags('Spend')
@ApiBearerAuth()
@RouteGroup('info')
@UsePipes(KeyNames)
@Controller()
export class SpendLogsController {
  constructor(
    private readonly logs: SpendLogs,
    private readonly activity: ActivityReports,
    private readonly exports: SpendExport,
  ) {}

  @Get('spend/logs')
  @ApiOperation({ summary: 'Spend log rows, or with start_date and end_date sums per day (LiteLLM shape)' })
  @queries('request_id', 'start_date', 'end_date', 'summarize', ...filters)
  @jsonAnswer(spendLogs)
  list(@Query() query: unknown, @Req() request: FastifyRequest): Promise<readonly object[]> {
    const parameters = parametersIn(query);
    const sight = callerSight(request);
    const id = parameters.get('request_id');
    if (id !== undefined) return this.logs.byRequest(id, sight);
    const hasDates = parameters.has('start_date') && parameters.has('end_date');
    const wantsRows = parameters.get('summarize')?.toLowerCase() === 'false';
    return hasDates && !wantsRows ? this.activity.summary(parameters, sight) : this.logs.list(parameters, sight);
  }

  @Get(['spend/logs/v2', 'spend/logs/ui'])
  @ApiOperation({ summary: 'Spend log rows, paged, filtered and sorted (LiteLLM shape)' })
  @ApiQuery({ name: 'start_date', type: String, description: 'YYYY-MM-DD HH:MM:SS, UTC' })
  @ApiQuery({ name: 'end_date', type: String })
  @queries(...filters, 'request_id', 'sort_by', 'sort_order', 'page', 'page_size')
  @jsonAnswer(spendLogPage)
  page(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.logs.page(parametersIn(query), callerSight(request));
  }

  @Get('spend/export')
  @ApiOperation({ summary: 'The ledger as JSON lines or CSV (format=csv), oldest row first' })
  @ApiQuery({ name: 'format', required: false, enum: ['jsonl', 'csv'] })
  @ApiQuery({ name: 'start_date', ...optionalText })
  @ApiQuery({ name: 'end_date', ...optionalText })
  @queries(...filters)
  @answerOf(
    { 'application/jsonl': spendLogAnswer, 'text/csv': csvFile },
    { description: 'A file; of JSON lines each holds one row' },
  )
  async export(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { contentType, fileName, pieces } = await this.exports.open(parametersIn(query), callerSight(request));
    reply.header('content-disposition', `attachment; filename="${fileName}"`).type(contentType);
    // Pieces are made as fast as the client reads: one waits in the stream, one in the socket.
    await reply.send(Readable.from(pieces, { objectMode: false, highWaterMark: 1 }));
  }
}
