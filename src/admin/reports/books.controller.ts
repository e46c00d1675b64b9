import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { jsonBody, optionalJsonBody } from '../../http/openapi-bodies';
import { RouteGroup } from '../../keys/route-group.decorator';
import { Bookkeeper } from '../../metering/bookkeeper';
import { LastComparison } from '../../metering/keeping/last-comparison';
import { optionalFlag, requireObject } from '../../protocol/json-guards';
import { requireAdmin, requireAll, sightOf } from '../../reports/sight';
import { SpendCalculator } from '../../reports/usage/spend-calculator';
import { actorOf } from '../admin-request';
import { callerOf } from './asking';
import { ReportBody } from './report-body';
import { SpendReset } from './spend-reset';
import { jsonAnswer, namedAnswer, whole } from '../../http/openapi-answers';
import { calculatedCost } from '../../reports/usage/usage-answers';

/** What is asked, for the API reference: these bodies are read field by field, and further fields are let be. */
const calculateBody = z.looseObject({
  completion_response: z.looseObject({}).optional(),
  model: z.string().optional(),
  messages: z.array(z.looseObject({})).optional(),
  input: z.union([z.string(), z.array(z.looseObject({}))]).optional(),
});
const reconcileBody = z.looseObject({ repair: z.boolean().default(true) });

const reconciled = namedAnswer(
  'Reconciliation',
  z.object({
    checked: whole,
    mismatches: z.array(
      z.object({ scope: z.string(), id: z.string(), field: z.string(), ledger: z.number(), counter: z.number() }),
    ),
    repaired: whole,
    took_ms: z.number(),
  }),
);
const resetDone = namedAnswer('SpendReset', z.object({ message: z.string(), status: z.literal('success') }));

/** The doors to the books themselves: what would this cost, do they agree, start anew. */
@ApiTags('Spend')
@ApiBearerAuth()
@Controller()
export class BooksController {
  // eslint-disable-next-line max-params -- the books, what changes them, and who tells of it
  constructor(
    private readonly calculator: SpendCalculator,
    private readonly body: ReportBody,
    private readonly resets: SpendReset,
    private readonly books: Bookkeeper,
    private readonly last: LastComparison,
  ) {}

  @RouteGroup('info')
  @Post('spend/calculate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cost of an answer, or of the input of a question (LiteLLM shape)' })
  @jsonBody(calculateBody)
  @jsonAnswer(calculatedCost)
  async calculate(@Req() request: FastifyRequest): Promise<object> {
    return this.calculator.calculate(await this.body.read(request), callerOf(request));
  }

  @RouteGroup('management', { roles: 'readers' })
  @Post('spend/reconcile')
  @HttpCode(200)
  @ApiOperation({ summary: 'Compares ledger, counters, daily sums and holds, and repairs unless {"repair": false}' })
  @optionalJsonBody(reconcileBody)
  @jsonAnswer(reconciled)
  async reconcile(@Req() request: FastifyRequest): Promise<object> {
    const caller = callerOf(request);
    requireAll(sightOf(caller));
    const asked = requireObject(await this.body.readOptional(request), 'body');
    const repair = optionalFlag(asked['repair'], 'repair') ?? true;
    // Looking is open to viewers.
    if (repair) requireAdmin(caller);
    const looked = repair ? this.resets.repair(actorOf(request)) : this.books.reconcile(false);
    const found = await looked;
    await this.last.keep(found);
    const { checked, mismatches, repaired, tookMs } = found;
    return { checked, mismatches, repaired, took_ms: tookMs };
  }

  @RouteGroup('management')
  @Post('global/spend/reset')
  @HttpCode(200)
  @ApiOperation({ summary: 'Sets the spend of every key and team to 0; the log stays (LiteLLM shape)' })
  @jsonAnswer(resetDone)
  async reset(@Req() request: FastifyRequest): Promise<object> {
    requireAdmin(callerOf(request));
    const changed = await this.resets.resetAll(actorOf(request));
    return { message: `Spend of ${changed} keys and teams set to 0. The spend log is unchanged.`, status: 'success' };
  }
}
