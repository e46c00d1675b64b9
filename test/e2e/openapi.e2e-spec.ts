import { connect } from 'node:net';
import { send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { handlersOf } from '../support/served-routes';

/** A schema as OpenAPI 3.0 has it; only what is looked at here. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
}

/** Routes whose handlers read no body. */
const bodyless = ['POST /global/spend/reset', 'POST /key/health'];
/** Routes that may be asked without one. */
const optional = [
  'POST /key/regenerate',
  'POST /key/{key}/regenerate',
  'POST /key/{key}/reset_spend',
  'POST /spend/reconcile',
];

let bench: TestBench;
let operations: ReadonlyMap<string, Operation>;
let answers: Readonly<Record<string, Schema>>;
beforeAll(async () => {
  bench = await startBench();
  const { paths, components } = (await send(bench, '/openapi.json')).json as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  };
  answers = components.schemas;
  operations = new Map(
    Object.entries(paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, operation]) => [`${verb.toUpperCase()} ${path}`, operation] as const),
    ),
  );
});
afterAll(() => bench.close());

/** Every route that may have a body, as the document writes it. */
const writing = (): readonly string[] =>
  handlersOf(bench)
    .filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method))
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
const bodyOf = (route: string): Schema | undefined =>
  operations.get(route)?.requestBody?.content['application/json']?.schema;
const namesIn = (schema: Schema | undefined): readonly string[] => [
  ...Object.keys(schema?.properties ?? {}),
  ...(schema?.anyOf ?? []).flatMap(namesIn),
];

function isNullable(value: unknown): value is { readonly nullable: true; readonly enum?: readonly unknown[] } {
  return typeof value === 'object' && value !== null && 'nullable' in value && value.nullable === true;
}

/** The path of every part of a body that fits. */
function partsOf(value: unknown, fits: (name: string, value: unknown) => boolean, at = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, below]) => [
    ...(fits(name, below) ? [`${at}/${name}`] : []),
    ...partsOf(below, fits, `${at}/${name}`),
  ]);
}

describe('bodies in the API reference', () => {
  it('are there for every route that reads one, with the names of their fields', () => {
    const routes = writing();
    expect(routes.length).toBeGreaterThan(40);
    expect(routes.filter((route) => namesIn(bodyOf(route)).length === 0).sort()).toEqual(bodyless);
    for (const route of bodyless)
      expect([route, operations.get(route)]).toEqual([
        route,
        expect.not.objectContaining({ requestBody: expect.anything() as unknown }),
      ]);
  });

  it('may be left out where the path says everything', () => {
    const left = [...operations].flatMap(([route, { requestBody }]) =>
      requestBody?.required === false ? [route] : [],
    );
    expect(left.sort()).toEqual(optional);
  });

  it('have the fields that the routes read', () => {
    const limits = ['max_budget_in_team', 'tpm_limit', 'rpm_limit', 'budget_duration'];
    expect(namesIn(bodyOf('POST /team/member_add'))).toEqual(['team_id', 'member', ...limits]);
    expect(bodyOf('POST /team/member_add')?.properties?.['member']?.anyOf?.map(({ type }) => type)).toEqual([
      'object',
      'array',
    ]);
    expect(namesIn(bodyOf('POST /team/member_update'))).toEqual([
      'team_id',
      'user_id',
      'user_email',
      'role',
      ...limits,
      'budget_id',
    ]);
    expect(bodyOf('POST /team/member_delete')).toMatchObject({ required: ['team_id'], additionalProperties: false });
    expect(namesIn(bodyOf('POST /spend/calculate'))).toEqual(['completion_response', 'model', 'messages', 'input']);
    expect(bodyOf('POST /spend/reconcile')?.properties).toEqual({ repair: { type: 'boolean', default: true } });
    expect(namesIn(bodyOf('POST /import/litellm'))).toEqual(['budgets', 'teams', 'users', 'keys']);
    expect(bodyOf('POST /utils/transform_request')?.required).toEqual(['call_type', 'request_body']);
    expect(bodyOf('POST /account/clear_cooldown')?.properties).toEqual({ account: { type: 'string', nullable: true } });
  });

  it('use the words of OpenAPI 3.0 only', () => {
    const later = (name: string, value: unknown): boolean =>
      ['$schema', '$defs', 'const', 'prefixItems', 'propertyNames'].includes(name) ||
      (name === 'type' && (value === 'null' || Array.isArray(value))) ||
      (name.startsWith('exclusiveM') && typeof value === 'number');
    expect(operations.size).toBeGreaterThan(60);
    expect([...operations].flatMap(([route, { requestBody }]) => partsOf(requestBody, later, route))).toEqual([]);
    expect(Object.keys(answers).length).toBeGreaterThan(60);
    expect(partsOf(answers, (name, value) => later(name, value) || name === '$id')).toEqual([]);
  });

  it('name null among the words of what may be null', () => {
    const lists = partsOf(answers, (_, value) => isNullable(value) && value.enum?.includes(null) === false);
    expect(lists).toEqual([]);
    expect(answers['Key']?.properties?.['limit_mode']).toEqual({
      type: 'string',
      enum: ['enforce', 'observe', null],
      nullable: true,
    });
  });
});

/** Narrowing, sorting and paging of reports, as `docs/reports.md` has them. */
const filters = [
  'api_key',
  'user_id',
  'team_id',
  'end_user',
  'session_id',
  'model',
  'model_group',
  'model_id',
  'key_alias',
  'tag',
  'status_filter',
  'error_code',
  'min_spend',
  'max_spend',
];
const span = ['start_date', 'end_date'];
const reports: readonly (readonly [route: string, names: readonly string[]])[] = [
  ['GET /spend/logs', [...filters, ...span, 'request_id', 'summarize']],
  ['GET /spend/logs/v2', [...filters, ...span, 'request_id', 'page', 'page_size', 'sort_by', 'sort_order']],
  ['GET /spend/logs/ui', [...filters, ...span, 'request_id', 'page', 'page_size', 'sort_by', 'sort_order']],
  ['GET /spend/export', [...filters, ...span, 'format']],
  ['GET /user/daily/activity', [...span, 'user_id', 'api_key', 'model', 'page', 'page_size']],
  ['GET /team/daily/activity', [...span, 'team_ids', 'api_key', 'model', 'page', 'page_size']],
  ['GET /tag/daily/activity/aggregated', [...span, 'tags', 'api_key', 'model']],
  ['GET /customer/daily/activity', [...span, 'end_user_ids', 'api_key', 'model', 'page', 'page_size']],
  ['GET /global/spend/report', [...span, 'group_by', 'team_id', 'customer_id', 'api_key', 'internal_user_id']],
  ['GET /global/spend/logs', [...span, 'api_key']],
  ['GET /global/spend/keys', [...span, 'limit']],
  ['GET /global/spend/teams', span],
  ['GET /global/spend/tags', [...span, 'tags']],
  ['GET /global/activity', span],
  ['GET /spend/users', [...span, 'limit', 'user_id']],
];

it.each(reports)('%s says what it may be asked for', (route, names) => {
  const listed = (operations.get(route)?.parameters ?? [])
    .filter((each) => each.in === 'query')
    .map(({ name }) => name);
  expect(listed).toEqual(expect.arrayContaining([...names]));
  expect(new Set(listed).size).toBe(listed.length);
});

it('is written once for all who ask, also for one who asks hundreds of times in one packet and reads nothing', async () => {
  const { text } = await send(bench, '/openapi.json');
  const times = 500;
  const socket = connect(Number(new URL(bench.url).port), '127.0.0.1').on('error', () => undefined);
  socket.pause();
  const before = process.memoryUsage();
  const all = 'GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(times);
  await new Promise((resolve) => socket.write(all, resolve));
  // Answered behind the others.
  expect((await send(bench, '/health/liveliness')).status).toBe(200);
  const after = process.memoryUsage();
  socket.destroy();
  const held = after.heapUsed + after.external - before.heapUsed - before.external;
  expect(held).toBeLessThan((times * text.length) / 3);
});
