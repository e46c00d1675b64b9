import { z } from 'zod';
import { invalidRequest, shorten } from '../../kernel/errors';

/** A request body, read field by field. */
export interface ReadFields<T> {
  /** The fields that were sent with a value. */
  readonly fields: T;
  /** Fields that were sent as null: on an update they are taken away. */
  readonly cleared: ReadonlySet<string>;
  /** Fields of LiteLLM that are kept and shown, and do nothing here. */
  readonly kept: Readonly<Record<string, unknown>>;
}

/** How a body is read. */
export interface FieldRules<S extends z.core.$ZodLooseShape> {
  readonly shape: S;
  /** LiteLLM's fields without a meaning here. */
  readonly keptNames?: ReadonlySet<string>;
}

/**
 * Reads a body. A field that nobody knows is refused, because a limit that is misspelt would be no limit at all.
 *
 * @throws {GatewayError} 400 that names the field.
 */
export function readFields<S extends z.core.$ZodLooseShape>(
  body: unknown,
  { shape, keptNames = new Set() }: FieldRules<S>,
): ReadFields<Partial<z.output<z.ZodObject<S>>>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalidRequest('The request body must be a JSON object.');
  const cleared = new Set<string>();
  const sent = new Map<string, unknown>();
  const kept = new Map<string, unknown>();
  for (const [name, value] of Object.entries(body)) {
    const isKnown = Object.hasOwn(shape, name);
    if (!isKnown && !keptNames.has(name)) assertMeansNothing(name, value, shape);
    else if (value === null) cleared.add(name);
    else (isKnown ? sent : kept).set(name, value);
  }
  const parsed = z.object(shape).partial().safeParse(Object.fromEntries(sent));
  if (!parsed.success) throw fieldFault(parsed.error, body);
  return { fields: parsed.data as Partial<z.output<z.ZodObject<S>>>, cleared, kept: Object.fromEntries(kept) };
}

/** The same for a schema that stands for itself, such as `{keys: [...]}`. @throws {GatewayError} 400 that names the field. */
export function readStrictly<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw fieldFault(parsed.error, body);
  return parsed.data;
}

function fieldFault(error: z.ZodError, body: unknown): Error {
  const issue = error.issues[0];
  const path = shorten(issue?.path.join('.') ?? '');
  if (issue?.code === 'unrecognized_keys')
    return unknownField([path, issue.keys[0] ?? ''].filter(Boolean).join('.'), []);
  return invalidRequest(`'${path}' ${wordsOf(issue, body)}.`, path);
}

/** Our own messages begin with "must"; zod's are turned into the same form. */
function wordsOf(issue: z.core.$ZodIssue | undefined, body: unknown): string {
  if (issue === undefined) return 'is not right';
  if (issue.message.startsWith('must')) return issue.message;
  // An issue does not say what was there.
  if (issue.code === 'invalid_type')
    return isThere(body, issue.path) ? `must be ${plainTypes.get(issue.expected) ?? issue.expected}` : 'is missing';
  if (issue.code === 'too_small') return `must have at least ${issue.minimum} ${entries(issue.minimum)}`;
  if (issue.code === 'too_big') return `must have at most ${issue.maximum} ${entries(issue.maximum)}`;
  return issue.message.startsWith('Invalid input: expected') ? `must be ${issue.message.slice(24)}` : issue.message;
}

/** Only lists are bounded without a message of our own. */
function entries(count: number | bigint): string {
  return Number(count) === 1 ? 'entry' : 'entries';
}

const plainTypes: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'a map'],
  ['record', 'a map'],
]);

function isThere(body: unknown, path: readonly PropertyKey[]): boolean {
  const found = path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (Reflect.get(at, name) as unknown) : undefined,
    body,
  );
  return found !== undefined;
}

/**
 * Fields of LiteLLM's keys, teams, users, members and customers that are not served, or not at every route. Its clients send
 * all of a model's fields, null where nothing is meant; a value would have held somebody to something.
 */
const unservedFields: ReadonlySet<string> = new Set([
  'tpd_limit', 'tag_rpm_limit', 'budget_fallbacks', 'throttle_on_budget_exceeded', 'end_user_budget_id', 'new_master_key',
  'default_team_member_models', 'team_member_model_max_budget', 'allowed_models', 'models', 'model_max_budget', 'budget_reset_at',
  'temp_budget_increase', 'temp_budget_expiry', 'aliases', 'duration', 'key_alias', 'key_type', 'team_id',
]); // prettier-ignore

function assertMeansNothing(name: string, value: unknown, shape: object): void {
  if (!unservedFields.has(name)) throw unknownField(name, Object.keys(shape));
  if (value === null) return;
  throw invalidRequest(
    `'${name}' of LiteLLM is not served at this route and would hold nobody to anything: leave it out, or send null.`,
    name,
    'unknown_field',
  );
}

function unknownField(name: string, known: readonly string[]): Error {
  const near = known.find((each) => isNear(each, name));
  const hint = near === undefined ? 'GET /openapi.json lists the fields.' : `did you mean '${near}'?`;
  return invalidRequest(`Unknown field '${shorten(name)}': ${hint}`, shorten(name), 'unknown_field');
}

/** Equal but for case, dashes, a missing or doubled letter. */
function isNear(a: string, b: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const [left, right] = [plain(a), plain(b)];
  if (left === right) return true;
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  return short.slice(at) === long.slice(at + 1) || short.slice(at + 1) === long.slice(at + 1);
}
