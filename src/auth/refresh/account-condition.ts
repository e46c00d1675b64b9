import { createHash } from 'node:crypto';
import { tokenClaims } from '../token-claims';
import { type AccountRefresher } from './account-refresher';
import { type AccountCondition, type AccountState, adviceFor } from './account-state';
import { type LoginAccount } from './login-account';

/** What people may know of a login. */
export function stateOfLogin(refresher: AccountRefresher, names: readonly string[], nowMs: number): AccountState {
  const { account } = refresher;
  const state = conditionOf(refresher, nowMs);
  return {
    id: account.id,
    names,
    kind: account.plain === undefined ? 'chatgpt' : 'file',
    ...originOf(account),
    ...accountOf(account),
    expiresAtMs: (account.login ?? account.plain)?.expiresAtMs,
    state,
    advice: adviceOf(account, state),
  };
}

/** The one word that says most about an account; the worst news first. */
function conditionOf(refresher: AccountRefresher, nowMs: number): AccountCondition {
  const { account, lastEnd, isRefreshing } = refresher;
  const { times, plain } = account;
  if (plain !== undefined) return (plain.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs ? 'unusable' : 'ok';
  if (account.isDead(nowMs)) return 'quarantined';
  if (times === undefined) return 'unusable';
  if (isRefreshing) return 'refreshing';
  if (lastEnd?.kind === 'failing' && nowMs < lastEnd.untilMs) return 'backing_off';
  if (account.fileTrouble !== undefined) return 'file_not_writable';
  return nowMs >= times.refreshAtMs ? 'expiring' : 'ok';
}

function originOf({
  login,
}: LoginAccount): Pick<AccountState, 'generation' | 'lastRefreshMs' | 'rotatedBy' | 'rotatedById'> {
  if (login === undefined) return { generation: 0, lastRefreshMs: undefined, rotatedBy: '', rotatedById: '' };
  const { generation, rotatedAtMs, rotatedBy, rotatedById } = login;
  return { generation, lastRefreshMs: rotatedAtMs === 0 ? undefined : rotatedAtMs, rotatedBy, rotatedById };
}

function accountOf({ login, plain }: LoginAccount): Pick<AccountState, 'plan' | 'accountDigest'> {
  const tokens = login?.pair ?? plain;
  const accountId = login?.token.accountId ?? plain?.accountId;
  return {
    plan: tokenClaims(tokens?.idToken).plan ?? tokenClaims(tokens?.accessToken).plan,
    accountDigest: accountId && createHash('sha256').update(accountId).digest('hex').slice(0, 12),
  };
}

function adviceOf({ view, home, name, fault }: LoginAccount, state: AccountCondition): string | undefined {
  const record = view?.record;
  if (state === 'quarantined') {
    const { failureCode = '', failureAdvice = '' } = record ?? {};
    return adviceFor(failureCode === '' ? 'refresh_uncertain' : failureCode, failureAdvice, home);
  }
  if (state === 'backing_off') return 'It could not be renewed yet and is tried again by itself.';
  if (state === 'file_not_writable') return `The file ${name} cannot be written; the login is kept in the state.`;
  return state === 'unusable' ? fault?.message : undefined;
}
