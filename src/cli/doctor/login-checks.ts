import { usedCredentials } from '../../config/credentials';
import { type Settings } from '../../config/settings';
import { StateUnavailable } from '../../state/state-unavailable';
import { type AccountRow, rowOf } from '../accounts-row';
import { LoginState } from '../login-state';
import { fault, type Finding, ok, skipped, warning } from './finding';

/** Every login that requests may be sent with, as its file and the state have it; the login server is not asked. */
export async function loginFindings(settings: Settings): Promise<readonly Finding[]> {
  const state = await LoginState.open(settings);
  try {
    const rows: AccountRow[] = [];
    for (const credential of usedCredentials(settings)) rows.push(await rowOf(credential, state, Date.now()));
    return rows.map(findingOf);
  } catch (error) {
    if (!(error instanceof StateUnavailable)) throw error;
    return [skipped('logins', 'the state that keeps them cannot be asked')];
  } finally {
    await state?.close();
  }
}

function findingOf({ name, kind, state, auth_file: file, plan, expires_at: expires, advice }: AccountRow): Finding {
  const check = `login ${name}`;
  const what = [kind, plan, file, expires === null ? null : `until ${expires}`].filter((word) => word !== null);
  const told = `${state}: ${what.join(', ')}`;
  if (state === 'not_checked') return skipped(check, `${kind}: only the upstream can say whether it is accepted`);
  if (advice !== null) return fault(check, told, `${file ?? name} ${advice}`);
  if (state === 'ok') return ok(check, told);
  const soon = 'a running gateway renews it by itself; `accounts` shows whether it did';
  return warning(check, told, soon);
}
