import { Controller, Get, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type FastifyRequest } from 'fastify';
import { type AccountState } from '../auth/refresh/account-state';
import { RefreshedAccessTokens } from '../auth/refreshed-access-tokens';
import { callContextOf } from '../http/call-context';
import { GatewayError } from '../kernel/errors';
import { RouteGroup } from '../keys/route-group.decorator';

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
}

/** The door for operators who ask how the upstream logins are. */
@ApiTags('Accounts')
@ApiBearerAuth()
@RouteGroup('management')
@Controller()
export class AccountListController {
  constructor(private readonly tokens: RefreshedAccessTokens) {}

  @Get('account/list')
  @ApiOperation({ summary: 'Upstream logins: state, plan, expiry, last refresh, advice; master key only' })
  list(@Req() request: FastifyRequest): { readonly accounts: readonly ListedAccount[] } {
    if (callContextOf(request).principal?.kind !== 'master') throw masterKeyNeeded();
    return { accounts: this.tokens.accountStates().map(listed) };
  }
}

function listed(account: AccountState): ListedAccount {
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
  };
}

/** Times come out of login files, where anything may stand. */
function dateOf(momentMs: number | undefined): string | null {
  return momentMs === undefined || Math.abs(momentMs) > 8.64e15 ? null : new Date(momentMs).toISOString();
}

function wordOf(word: string): string | null {
  return word === '' ? null : word;
}

function masterKeyNeeded(): GatewayError {
  return new GatewayError({
    status: 403,
    type: 'auth_error',
    code: 'route_not_allowed',
    message: 'This key may not list upstream accounts. Use the master key of the gateway.',
    author: 'key',
    shouldRetry: false,
  });
}
