import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type PlanShare } from '../metering/plan-share';
import { type AccountState } from '../auth/refresh/account-state';
import { RefreshedAccessTokens } from '../auth/refreshed-access-tokens';
import { callContextOf } from '../http/call-context';
import { jsonBody } from '../http/openapi-bodies';
import { RouteGroup } from '../keys/route-group.decorator';
import { GatewayError, invalidRequest, shorten } from '../kernel/errors';
import { type Role } from '../kernel/principal';
import { type AccountReport, RoutingReport } from '../routing/routing-report';
import { type AccountShares, PlanShares } from '../serving/plan-shares';
import { dateOf, type ListedRouting, listedRouting } from './account-routing';
import { AnsweringService } from './answering.service';
import { jsonAnswer } from '../http/openapi-answers';
import { accountList, clearedCooldowns } from './account-answers';

/** One login as `GET /account/list` shows it: no token, no address, no path. Times are RFC 3339. */
interface ListedAccount {
  readonly id: string;
  readonly name: string;
  readonly names: readonly string[];
  readonly kind: AccountState['kind'];
  readonly account: string | null;
  readonly plan: string | null;
  readonly state: AccountState['state'];
  readonly expires_at: string | null;
  readonly last_refresh: string | null;
  readonly rotated_by: string | null;
  readonly rotated_by_id: string | null;
  readonly generation: number;
  readonly advice: string | null;
  readonly routing: ListedRouting;
  /** What a token takes of the plan's windows, as the process that answers has measured it; null before. */
  readonly plan_share: ListedShares | null;
}

interface ListedShares {
  readonly '5h': ListedShare;
  readonly week: ListedShare;
}

/** Percent of the window for a million tokens, the standard error of that, and how many movements it was measured by. */
interface ListedShare {
  readonly percent_per_million_tokens: number | null;
  readonly error: number | null;
  readonly samples: number;
}

const ClearRequest = z.looseObject({ account: z.string().nullish() });

/** The door for operators who ask how the upstream logins are, and what keeps them from being used. */
@ApiTags('Accounts')
@ApiBearerAuth()
@Controller()
export class AccountListController {
  constructor(
    private readonly tokens: RefreshedAccessTokens,
    private readonly report: RoutingReport,
    private readonly answering: AnsweringService,
    private readonly shares: PlanShares,
  ) {}

  @RouteGroup('management', { roles: 'readers' })
  @Get('account/list')
  @ApiOperation({ summary: 'Upstream logins: state, plan, expiry, quota windows, cooldowns, advice; admin keys only' })
  @jsonAnswer(accountList)
  list(@Req() request: FastifyRequest): { readonly accounts: readonly ListedAccount[] } {
    assertRole(request, ['proxy_admin', 'proxy_admin_viewer']);
    const reports = this.report.accounts();
    return {
      accounts: this.tokens
        .accountStates()
        .map((account) => ({ ...listed(account, reports), plan_share: this.shareOf(account) })),
    };
  }

  private shareOf({ names }: AccountState): ListedShares | null {
    const shares = names.map((name) => this.shares.of(name)).find((known) => known !== undefined);
    return shares === undefined ? null : listedShares(shares);
  }

  @RouteGroup('management')
  @Post('account/clear_cooldown')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Uses an account again before its cooldown is over: {"account": name}, or {} for all; admin keys only',
  })
  @jsonBody(ClearRequest)
  @jsonAnswer(clearedCooldowns)
  async clear(@Req() request: FastifyRequest): Promise<{ readonly cleared: readonly string[] }> {
    assertRole(request, ['proxy_admin']);
    const body = ClearRequest.safeParse((await this.answering.readBody(request)).json);
    if (!body.success) throw invalidRequest(`'account' must be the name of an account.`, 'account');
    const account = body.data.account ?? undefined;
    if (account !== undefined && !this.report.accounts().has(account)) {
      throw invalidRequest(
        `No deployment uses an account named '${shorten(account)}'. GET /account/list has the names.`,
        'account',
      );
    }
    return { cleared: this.report.clear(account) };
  }
}

/** Parts per million for one token are ten thousand times percent for one token. */
const percentPerPpm = 100;

function listedShare({ ppmPerToken, error, samples }: PlanShare): ListedShare {
  if (ppmPerToken === undefined) return { percent_per_million_tokens: null, error: null, samples };
  return { percent_per_million_tokens: ppmPerToken * percentPerPpm, error: error * percentPerPpm, samples };
}

function listedShares({ fiveHours, week }: AccountShares): ListedShares {
  return { '5h': listedShare(fiveHours), week: listedShare(week) };
}

function assertRole(request: FastifyRequest, roles: readonly Role[]): void {
  const role = callContextOf(request).principal?.role;
  if (role === undefined || !roles.includes(role)) throw adminNeeded();
}

function listed(account: AccountState, reports: ReadonlyMap<string, AccountReport>): Omit<ListedAccount, 'plan_share'> {
  const { id, names, kind, state, generation } = account;
  return {
    id,
    name: names[0] ?? 'default',
    names,
    kind,
    account: account.accountDigest ?? null,
    plan: account.plan ?? null,
    state,
    expires_at: dateOf(account.expiresAtMs),
    last_refresh: dateOf(account.lastRefreshMs),
    rotated_by: wordOf(account.rotatedBy),
    rotated_by_id: wordOf(account.rotatedById),
    generation,
    advice: account.advice ?? null,
    routing: listedRouting(names.flatMap((name) => reports.get(name) ?? [])),
  };
}

function wordOf(word: string): string | null {
  return word === '' ? null : word;
}

function adminNeeded(): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'route_not_allowed',
    message: 'This key may not list upstream accounts. Use the master key of the gateway, or another admin key.',
    author: 'key',
    shouldRetry: false,
  });
}
