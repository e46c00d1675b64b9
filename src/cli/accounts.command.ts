import { type StartConditions } from '../config/load-settings';
import { type AccountRow, rowOf } from './accounts-row';
import { gatewayAccounts } from './gateway-accounts';
import { LoginState } from './login-state';
import { credentialsOf, type LoginWords, readWords, withPlainErrors } from './login-words';

/** What both ways of asking tell of a login. */
type Shown = Pick<AccountRow, 'name' | 'plan' | 'expires_at' | 'last_refresh' | 'rotated_by' | 'advice'> & {
  readonly kind: string;
  readonly state: string;
  /** Files are named to a person on their host only. */
  readonly auth_file?: string | null;
};

const columns: readonly (readonly [string, (row: Shown) => string | null])[] = [
  ['NAME', ({ name }) => name],
  ['KIND', ({ kind }) => kind],
  ['STATE', ({ state }) => state],
  ['PLAN', ({ plan }) => plan],
  ['EXPIRES', ({ expires_at }) => expires_at],
  ['LAST REFRESH', ({ last_refresh }) => last_refresh],
  ['ROTATED BY', ({ rotated_by }) => rotated_by],
];

/**
 * Shows every login of the configuration, or of the running gateway that `--url` names: state, plan, expiry, last refresh,
 * who rotated last. @returns 1 when one needs a person.
 */
export function accountsCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const words = readWords(conditions);
    const { settings, json, url, key } = words;
    const rows = url === undefined ? await localRows(words) : await gatewayAccounts(settings, { url, key });
    process.stdout.write(`${json ? JSON.stringify({ accounts: rows }, null, 2) : tableOf(rows)}\n`);
    return rows.some(({ advice }) => advice !== null) ? 1 : 0;
  });
}

async function localRows({ settings }: LoginWords): Promise<readonly AccountRow[]> {
  const state = await LoginState.open(settings);
  try {
    const rows: AccountRow[] = [];
    for (const credential of credentialsOf(settings)) rows.push(await rowOf(credential, state, Date.now()));
    return rows;
  } finally {
    await state?.close();
  }
}

function tableOf(rows: readonly Shown[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, of]) => of(row) ?? '-'))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const notes = rows.flatMap(({ name, auth_file, advice }) =>
    advice === null ? [] : [auth_file == null ? `${name}: ${advice}` : `${name}: ${auth_file} ${advice}`],
  );
  return [...lines, ...notes].join('\n');
}
