import { type ListedRoute, routesOf } from '../../src/http/fastify-adapter';
import { post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { handlersOf, type ServedRoute } from '../support/served-routes';

let bench: TestBench;
let routes: readonly ListedRoute[];
let served: readonly ServedRoute[];
beforeAll(async () => {
  bench = await startBench();
  routes = routesOf(bench.gateway.app.getHttpAdapter().getInstance());
  served = handlersOf(bench);
});
afterAll(() => bench.close());

const isClosed = ({ rule }: ServedRoute): boolean => rule?.kind !== 'public';
/** A path one can call. */
const called = (path: string): string => path.replace(/:\w+/g, 'x');

describe('the routes of the running gateway', () => {
  it('are all known to Nest, and each is classified', () => {
    const known = new Map(served.map((route) => [`${route.method} ${route.path}`, route.rule]));
    const strangers = routes.filter(({ method, path }) => !known.has(`${method === 'HEAD' ? 'GET' : method} ${path}`));
    expect(strangers).toEqual([]);
    expect(served.filter(({ rule }) => rule === undefined).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(routes.length).toBeGreaterThan(60);
  });

  it('are open to strangers only where they are listed here', () => {
    const open = served.filter((route) => !isClosed(route)).map(({ method, path }) => `${method} ${path}`);
    expect(open.sort()).toEqual([
      'GET /',
      'GET /docs',
      'GET /health/liveliness',
      'GET /health/liveness',
      'GET /health/readiness',
      'GET /metrics',
      'GET /openapi.json',
    ]);
  });

  it('give nothing to those without a key, however the path and the verb are spelt', async () => {
    const openPaths = new Set(served.filter((route) => !isClosed(route)).map(({ path }) => path));
    const spellings = (path: string): readonly string[] => [
      path,
      `${path}/`,
      `/${path}`,
      path.replace(/(?<=.)\//, '//'),
      path.toUpperCase(),
      path.replace(/[a-z]/, (letter) => letter.toUpperCase()),
      path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      `${path};a=b`,
      `${path}?key=x`,
      `${path}%20`,
      `/./${path.slice(1)}`,
    ];
    const closed = [...new Set(served.filter(isClosed).map(({ path }) => path))];
    const tries = closed.flatMap((path) =>
      spellings(called(path)).flatMap((spelt) =>
        ['GET', 'HEAD', 'POST', 'OPTIONS'].map((method) => ({ method, spelt })),
      ),
    );
    const let2xx: string[] = [];
    await inTurns(tries, 16, async ({ method, spelt }) => {
      const normal = new URL(bench.url + spelt).pathname;
      if (openPaths.has(normal)) return;
      const response = await fetch(bench.url + spelt, {
        method,
        redirect: 'manual',
        ...(method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}),
      });
      await response.arrayBuffer();
      if (response.status < 400) let2xx.push(`${method} ${spelt}: ${response.status}`);
    });
    expect(tries.length).toBeGreaterThan(2_000);
    expect(let2xx).toEqual([]);
  }, 120_000);

  it('answer 401 in the envelope at every closed path', async () => {
    for (const { method, path } of served.filter(isClosed)) {
      const { status, json } = await send(bench, called(path), { method, headers: { authorization: '' } });
      expect([method, path, status]).toEqual([method, path, 401]);
      const type = 'auth_error';
      expect((json as { error: { type: string } }).error.type).toBe(type);
    }
  });

  it('open by /v1/* in allowed_routes what is served under /v1 too, and nothing else', async () => {
    const made = (await post(bench, '/key/generate', { allowed_routes: ['/v1/*'] })).json as { key: string };
    const holder = { url: bench.url, key: made.key };
    const paths = new Set(served.map(({ path }) => path));
    for (const { method, path, rule } of served.filter(isClosed)) {
      if (rule?.always === true) continue;
      const isOpen = path.startsWith('/v1/') || paths.has(`/v1${path}`);
      const { status } = await send(holder, called(path), { method });
      expect([path, status === 403]).toEqual([path, !isOpen]);
    }
  });

  it('refuse a management call of every kind to a key that is nobody’s', async () => {
    const made = (await post(bench, '/key/generate', {})).json as { key: string };
    const holder = { url: bench.url, key: made.key };
    for (const { method, path, rule } of served.filter(isClosed)) {
      if (rule === undefined || rule.roles === 'everyone' || rule.roles === 'makers') continue;
      expect([path, (await send(holder, called(path), { method })).status]).toEqual([path, 403]);
    }
  });
});

async function inTurns<T>(all: readonly T[], atOnce: number, work: (each: T) => Promise<void>): Promise<void> {
  const left = all.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const each of left) await work(each);
    }),
  );
}
