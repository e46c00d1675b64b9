import { type StartConditions } from '../config/load-settings';
import { type AccountRow, rowOf } from './accounts-row';
import { LoginState } from './login-state';
import { credentialsOf, readWords, withPlainErrors } from './login-words';

const columns: readonly (readonly [string, (row: AccountRow) => string | null])[] = [
  ['NAME', ({ name }) => name],
  ['KIND', ({ kind }) => kind],
  ['STATE', ({ state }) => state],
  ['PLAN', ({ plan }) => plan],
  ['EXPIRES', ({ expires_at }) => expires_at],
  ['LAST REFRESH', ({ last_refresh }) => last_refresh],
  ['ROTATED BY', ({ rotated_by }) => rotated_by],
];

/** Shows every login of the configuration: state, plan, expiry, last refresh, who rotated last. @returns 1 when one is unusable. */
export function accountsCommand(conditions: StartConditions): Promise<number> {
  return withPlainErrors(async () => {
    const { settings, json } = readWords(conditions);
    const state = await LoginState.open(settings);
    try {
      const rows: AccountRow[] = [];
      for (const credential of credentialsOf(settings)) rows.push(await rowOf(credential, state, Date.now()));
      process.stdout.write(`${json ? JSON.stringify({ accounts: rows }, null, 2) : tableOf(rows)}\n`);
      return rows.some((row) => row.advice !== null) ? 1 : 0;
    } finally {
      await state?.close();
    }
  });
}

function tableOf(rows: readonly AccountRow[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, of]) => of(row) ?? '-'))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ').trimEnd()); // prettier-ignore
  const notes = rows.flatMap(({ name, auth_file, advice }) => (advice === null ? [] : [`${name}: ${auth_file ?? 'it'} ${advice}`])); // prettier-ignore
  return [...lines, ...notes].join('\n');
}
