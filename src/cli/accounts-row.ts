import { UnreadableLogin } from '../auth/auth-file';
import { type FileLogin, LoginFiles } from '../auth/login-files';
import { adviceFor, loginCommands } from '../auth/refresh/account-state';
import { type LoginHome, storeCommandOf } from '../auth/refresh/login-home';
import { type AccountView } from '../auth/refresh/login-vault';
import { tokenClaims } from '../auth/token-claims';
import { type Credential } from '../config/deployment';
import { isFinal } from '../state/credentials/credential-record';
import { StateUnavailable } from '../state/state-unavailable';
import { type LoginState } from './login-state';
import { type StoredHome } from './login-words';

/** One login as `accounts --json` prints it; holds no token. Times are RFC 3339. */
export interface AccountRow {
  readonly name: string;
  readonly kind: 'chatgpt' | 'access_token' | 'api_key';
  readonly state: 'ok' | 'expiring' | 'expired' | 'quarantined' | 'backing_off' | 'unusable' | 'not_checked';
  readonly auth_file: string | null;
  readonly plan: string | null;
  readonly expires_at: string | null;
  readonly last_refresh: string | null;
  /** `gateway`, `file` (the CLI or a person), `login`; null when no state of a gateway can tell. */
  readonly rotated_by: string | null;
  readonly generation: number | null;
  /** End of a sentence about the file; null while all is well. */
  readonly advice: string | null;
}

/** A token this near its end is refreshed, milliseconds. */
const expiringMs = 5 * 60_000;

/** Looks a credential up in its file and, where it can be reached, in the state of the gateways: the newer one counts. */
export async function rowOf(credential: Credential, state: LoginState | undefined, nowMs: number): Promise<AccountRow> {
  const { name, source } = credential;
  if (source.kind === 'stored_login') return { ...blank, name, ...(await storedPart(source, state, nowMs)) };
  if (source.kind !== 'auth_file') return { ...blank, name, kind: source.kind, state: 'not_checked' };
  const { path } = source;
  const [login, view] = await Promise.all([readLogin(path), viewIn(state, source)]);
  const known = { ...blank, name, auth_file: path };
  if (login instanceof UnreadableLogin && view === undefined)
    return { ...known, state: 'unusable', advice: `${login.message}. Sign in with ${loginCommands}.` };
  const file = login instanceof UnreadableLogin ? undefined : login;
  if (file?.apiKey !== undefined) return { ...known, kind: 'api_key', state: 'not_checked' };
  if (file?.personalToken !== undefined) return { ...known, kind: 'access_token', state: 'not_checked' };
  return { ...known, ...loginPart({ home: source, file, view }, nowMs) };
}

const blank = {
  kind: 'chatgpt',
  state: 'ok',
  auth_file: null,
  plan: null,
  expires_at: null,
  last_refresh: null,
  rotated_by: null,
  generation: null,
  advice: null,
} as const;

type LoginPart = Pick<
  AccountRow,
  'state' | 'plan' | 'expires_at' | 'last_refresh' | 'rotated_by' | 'generation' | 'advice'
>;

/** A login with what is known of it. */
interface Known {
  readonly home: LoginHome;
  readonly file: FileLogin | undefined;
  /** Undefined when the state has no login, or cannot be asked. */
  readonly view: AccountView | undefined;
}

/** A login without a file: what the state does not tell, nothing tells. */
async function storedPart(home: StoredHome, state: LoginState | undefined, nowMs: number): Promise<Partial<LoginPart>> {
  const missing = `has no login yet: run \`${storeCommandOf(home.name)}\``;
  try {
    const view = await state?.view(home);
    if (view === undefined || view.record.sealed === '') return { state: 'unusable', advice: missing };
    const part = loginPart({ home, file: undefined, view }, nowMs);
    return view.login === undefined ? { ...part, state: 'unusable', advice: adviceFor('unsealable', '', home) } : part;
  } catch (error) {
    if (error instanceof StateUnavailable) return { state: 'not_checked' };
    throw error;
  }
}

function loginPart({ home, file, view }: Known, nowMs: number): LoginPart {
  const record = view?.record;
  const times = newerTimes(file, record);
  return {
    plan: planOf(file ?? view?.login?.pair),
    expires_at: dateOf(times.expiresAtMs),
    last_refresh: dateOf(times.lastRefreshMs),
    rotated_by: record === undefined || record.rotatedBy === '' ? null : record.rotatedBy,
    generation: record?.generation ?? null,
    ...conditionOf({ home, file, record }, times.expiresAtMs, nowMs),
  };
}

function planOf(file: Partial<Pick<FileLogin, 'idToken' | 'accessToken'>> | undefined): string | null {
  return tokenClaims(file?.idToken).plan ?? tokenClaims(file?.accessToken).plan ?? null;
}

/** Of what file and state say, the part that was issued later. */
function newerTimes(
  file: FileLogin | undefined,
  record: AccountView['record'] | undefined,
): Partial<Pick<FileLogin, 'expiresAtMs' | 'lastRefreshMs'>> {
  const inFile = { expiresAtMs: file?.expiresAtMs, lastRefreshMs: file?.lastRefreshMs };
  if (record === undefined || record.rotatedAtMs < (inFile.lastRefreshMs ?? 0)) return inFile;
  const inState = { expiresAtMs: known(record.expiresAtMs), lastRefreshMs: known(record.rotatedAtMs) };
  return {
    expiresAtMs: inState.expiresAtMs ?? inFile.expiresAtMs,
    lastRefreshMs: inState.lastRefreshMs ?? inFile.lastRefreshMs,
  };
}

/** The state writes 0 for "unknown". */
function known(momentMs: number): number | undefined {
  return momentMs === 0 ? undefined : momentMs;
}

function conditionOf(
  { home, file, record }: Pick<Known, 'home' | 'file'> & { readonly record: AccountView['record'] | undefined },
  expiresAtMs: number | undefined,
  nowMs: number,
): Pick<AccountRow, 'state' | 'advice'> {
  if (record !== undefined && isFinal(record, nowMs)) {
    const code = record.failureCode === '' ? 'refresh_uncertain' : record.failureCode;
    return { state: 'quarantined', advice: `cannot be renewed: ${adviceFor(code, record.failureAdvice, home)}` };
  }
  if (record !== undefined && record.backoffUntilMs > nowMs) return { state: 'backing_off', advice: null };
  const leftMs = expiresAtMs === undefined ? Number.POSITIVE_INFINITY : expiresAtMs - nowMs;
  if (leftMs > expiringMs) return { state: 'ok', advice: null };
  if (leftMs > 0) return { state: 'expiring', advice: null };
  // With a refresh token the next request or the next start renews it.
  if (record !== undefined || file?.refreshToken !== undefined) return { state: 'expired', advice: null };
  return { state: 'expired', advice: `has ended and holds no refresh token. Sign in with ${loginCommands}.` };
}

async function readLogin(path: string): Promise<FileLogin | UnreadableLogin> {
  return new LoginFiles().read(path).catch((error: unknown) => {
    if (error instanceof UnreadableLogin) return error;
    throw error;
  });
}

/** Undefined when the state knows nothing of the login, or cannot be asked: a running gateway keeps its journal to itself. */
async function viewIn(state: LoginState | undefined, home: LoginHome): Promise<AccountView | undefined> {
  try {
    const view = await state?.view(home);
    return view === undefined || view.record.sealed === '' ? undefined : view;
  } catch (error) {
    if (error instanceof StateUnavailable) return undefined;
    throw error;
  }
}

function dateOf(momentMs: number | undefined): string | null {
  return momentMs === undefined ? null : new Date(momentMs).toISOString();
}
