import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, refusalIn } from '../support/holders';
import { handlersOf, type ServedRoute } from '../support/served-routes';

let bench: TestBench;
let served: readonly ServedRoute[];
beforeAll(async () => {
  bench = await startBench();
  served = handlersOf(bench);
});
afterAll(() => bench.close());

const asked = {
  model: 'gpt-5.5',
  input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
};
const native = { ...asked, instructions: 'Be brief.', store: false, stream: true };

/** What is sent to each route that has a model answer. A new route of this kind fails until it is named here or below. */
const answering: Readonly<Record<string, unknown>> = {
  'POST /v1/chat/completions': chatBody(),
  'POST /chat/completions': chatBody({ stream: true }),
  'POST /openai/deployments/:model/chat/completions': chatBody(),
  'POST /openai/v1/chat/completions': chatBody(),
  'POST /v1/responses': { ...asked },
  'POST /responses': { ...asked, stream: true },
  'POST /openai/responses': { ...asked },
  'POST /openai/v1/responses': { ...asked, stream: true },
  'POST /backend-api/codex/responses': native,
  'POST /backend-api/codex/responses/compact': { ...asked, instructions: 'Compact.' },
  'POST /v1/responses/compact': { ...asked, instructions: 'Compact.' },
  'POST /responses/compact': { ...asked, instructions: 'Compact.' },
  'POST /openai/responses/compact': { model: 'gpt-5.5', input: 'Hi' },
  'POST /openai/v1/responses/compact': { model: 'gpt-5.5', input: 'Hi' },
};

/** For holders of keys like those above, and nothing is asked upstream for them. */
const telling = [
  'GET /v1/models',
  'GET /models',
  'GET /backend-api/codex/models',
  'GET /v1/models/:id',
  'GET /models/:id',
  'GET /v1/model/info',
  'GET /model/info',
  'GET /model_group/info',
  'POST /utils/transform_request',
];

/** The CLI knows its own word for it. */
const budgetWord = (route: string): string =>
  route.includes('/backend-api/') ? 'usage_limit_reached' : 'budget_exceeded';

const named = ({ method, path }: ServedRoute): string => `${method} ${path}`;
const called = (path: string): string => path.replace(':model', 'gpt-5.5').replace(/:\w+/g, 'x');
/** Calls that reached a model. */
const reached = (): number =>
  bench.simulator.seen.filter(({ method, path }) => method === 'POST' && /\/responses(\/compact)?$/.test(path)).length;

function call(route: string, key: string): Promise<ReadAnswer> {
  const path = called(route.slice(route.indexOf(' ') + 1));
  return post({ url: bench.url, key }, path, answering[route]);
}

async function rowsOf(id: string, count: number): Promise<readonly Json[]> {
  for (;;) {
    const rows = (await send(bench, `/spend/logs?api_key=${id}`)).json as readonly Json[];
    if (rows.length >= count) return rows;
    await new Promise(setImmediate);
  }
}

describe('a route that has a model answer', () => {
  it('is named here, and so is every other for holders of keys', () => {
    const routes = served.filter(({ rule }) => rule?.kind === 'llm_api').map(named);
    expect(routes.sort()).toEqual([...Object.keys(answering), ...telling].sort());
  });

  it.each(Object.keys(answering))('%s: limited, and one row for each call that was let in', async (route) => {
    const { key, id } = await holder(bench, { rpm_limit: 1, max_budget: 5 });
    const before = reached();
    const first = await call(route, key);
    expect([first.status, first.text]).toEqual([200, expect.anything()]);
    expect(refusalIn(await call(route, key))).toEqual([429, 'throttling_error', null]);
    expect(reached()).toBe(before + 1);
    const rows = await rowsOf(id, 1);
    expect(rows.map((row) => [row['request_id'], row['status']])).toEqual([
      [first.headers.get('x-request-id'), 'success'],
    ]);
    expect(rows[0]?.['prompt_tokens']).toBeGreaterThan(0);
    expect(rows[0]?.['spend']).toBeGreaterThan(0);
  });

  it.each(Object.keys(answering))('%s: refused without money, without a slot, without a key', async (route) => {
    const before = reached();
    const poor = await holder(bench, { max_budget: 0 });
    expect(refusalIn(await call(route, poor.key)).slice(0, 2)).toEqual([429, budgetWord(route)]);
    const idle = await holder(bench, { max_parallel_requests: 0 });
    expect(refusalIn(await call(route, idle.key)).slice(0, 2)).toEqual([429, 'throttling_error']);
    expect((await call(route, 'sk-of-nobody')).status).toBe(401);
    expect(reached()).toBe(before);
    expect(await rowsOf(poor.id, 0)).toEqual([]);
  });
});

describe('any other route', () => {
  it('has nothing answered upstream, whoever calls it with whatever body', async () => {
    const before = reached();
    for (const route of served.filter((each) => !(named(each) in answering))) {
      const { method, path } = route;
      if (method === 'GET') await send(bench, called(path));
      else
        await send(bench, called(path), {
          method,
          body: JSON.stringify(asked),
          headers: { 'content-type': 'application/json' },
        });
    }
    expect(reached()).toBe(before);
    expect(served.length).toBeGreaterThan(60);
  });
});
