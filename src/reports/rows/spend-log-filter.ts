import { hashOfKey } from './key-hash';
import { invalidRequest } from '../../kernel/errors';
import { nanosFromDollars } from '../../kernel/money';
import { type LedgerQuery } from '../../metering/ledger';
import { type LedgerRow } from '../../metering/ledger-row';
import { momentIn } from '../report-dates';
import { requireOwn, sees, type Sight } from '../sight';

/** Query parameters, each given once. */
export type Parameters = ReadonlyMap<string, string>;

/** Which rows a request asks for; the part of a `LedgerQuery` that is not about pages. */
export type RowFilter = Pick<
  LedgerQuery,
  'keyHash' | 'teamId' | 'userId' | 'customerId' | 'fromMs' | 'untilMs' | 'matches'
>;

type Test = (row: LedgerRow) => boolean;

/** LiteLLM's and our spellings of the same filter. */
const spellings = {
  key: ['api_key', 'hashed_token'],
  user: ['user_id', 'internal_user'],
  team: ['team_id'],
  customer: ['end_user', 'end_user_id', 'customer_id'],
} as const;

/**
 * Reads the filters of LiteLLM's spend logs, held to what the caller may see.
 *
 * @throws {GatewayError} 400 naming the field, 403 for what belongs to others.
 */
export function rowFilter(parameters: Parameters, sight: Sight): RowFilter {
  const asked = {
    keyHash: optional(first(parameters, spellings.key), hashOfKey),
    userId: first(parameters, spellings.user),
    teamId: first(parameters, spellings.team),
    customerId: first(parameters, spellings.customer),
    fromMs: optional(parameters.get('start_date'), (text) => momentIn(text, 'start_date', 'start')),
    untilMs: optional(parameters.get('end_date'), (text) => momentIn(text, 'end_date', 'end')),
  };
  requireOwn(sight, defined({ keyHash: asked.keyHash, userId: asked.userId }));
  const tests = testsOf(parameters);
  const named = defined(asked);
  if (sight.kind === 'all') return withTests(named, tests);
  // The narrower index first: rows of a person's other keys are found by the person, the rest by the key.
  const isNarrow = named.keyHash !== undefined || named.userId !== undefined;
  const own = sight.userId === undefined ? { keyHash: sight.keyHash } : { userId: sight.userId };
  const held = isNarrow ? named : { ...named, ...own };
  const seen: Test = (row) => sees(sight, row);
  return withTests(held, isNarrow ? [...tests, seen] : tests);
}

/** Tests of one text each, by the name of their parameter. */
const textTests: ReadonlyMap<string, (wanted: string, row: LedgerRow) => boolean> = new Map([
  ['model', (model, row) => row.model === model || row.modelGroup === model],
  ['model_group', (group, row) => row.modelGroup === group],
  ['model_id', (id, row) => row.deploymentId === id],
  ['session_id', (id, row) => row.sessionId === id],
  ['key_alias', (alias, row) => row.keyAlias === alias],
  ['tag', (tag, row) => row.tags.includes(tag)],
  ['error_code', (code, row) => row.errorCode === code || isFailed(row, code)],
]);

function testsOf(parameters: Parameters): readonly Test[] {
  const tests = [...textTests].flatMap(([name, test]): readonly Test[] => {
    const wanted = parameters.get(name);
    return wanted === undefined ? [] : [(row) => test(wanted, row)];
  });
  const status = parameters.get('status_filter') ?? parameters.get('status');
  if (status !== undefined && status !== 'success' && status !== 'failure') {
    throw invalidRequest("'status_filter' must be success or failure.", 'status_filter');
  }
  if (status !== undefined) tests.push((row) => row.status === status);
  const least = dollarsIn(parameters, 'min_spend');
  if (least !== undefined) tests.push((row) => row.spend >= least);
  const most = dollarsIn(parameters, 'max_spend');
  if (most !== undefined) tests.push((row) => row.spend <= most);
  return tests;
}

function isFailed(row: LedgerRow, code: string): boolean {
  return row.status === 'failure' && String(row.httpStatus) === code;
}

function withTests(filter: RowFilter, tests: readonly Test[]): RowFilter {
  return tests.length === 0 ? filter : { ...filter, matches: (row) => tests.every((test) => test(row)) };
}

function dollarsIn(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const dollars = Number(text);
  if (!Number.isFinite(dollars)) throw invalidRequest(`'${name}' must be dollars, a number.`, name);
  return nanosFromDollars(dollars);
}

function first(parameters: Parameters, names: readonly string[]): string | undefined {
  const name = names.find((each) => parameters.has(each));
  return name === undefined ? undefined : parameters.get(name);
}

function optional<T, R>(value: T | undefined, read: (value: T) => R): R | undefined {
  return value === undefined ? undefined : read(value);
}

/** Without the members that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
