import { routesOf } from '../../src/http/fastify-adapter';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

let bench: TestBench;
let admin: { url: string; key: string };

beforeAll(async () => {
  bench = await startBench({ env: { ADMIN_PORT: '0' } });
  admin = { url: bench.gateway.adminUrl ?? '', key: bench.key };
});
afterAll(async () => {
  await bench.close();
});

/** A route as somebody without a key would try it. */
const knock = async (target: { url: string; key: string }, path: string): Promise<number> =>
  (await send(target, path, { headers: { authorization: '' } })).status;

describe('a port for admins', () => {
  it('is another than that of the clients', () => {
    expect(admin.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(admin.url).not.toBe(bench.url);
  });

  it('serves metrics and management, which the other does not have', async () => {
    const metrics = await send(admin, '/metrics');
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
    expect((await send(admin, '/metrics/')).status).toBe(200);
    expect((await send(admin, '/account/list')).status).toBe(200);
    for (const path of ['/metrics', '/metrics/', '/account/list', '/%61ccount/list']) {
      const answer = await send(bench, path);
      expect([path, answer.status, answer.json]).toEqual([
        path,
        404,
        { error: expect.objectContaining({ code: '404' }) as unknown },
      ]);
      // Where it is, but not by which number.
      const { message } = (answer.json as { error: { message: string } }).error;
      expect(message).toMatch(
        /Unknown route on this port: GET .*Management routes, reports and \/metrics are served on the other one \(ADMIN_PORT\)/,
      );
      expect(message).not.toContain(new URL(admin.url).port);
    }
    expect((await send(bench, '/account/lists')).text).toContain(
      'Unknown route: GET /account/lists. GET /openapi.json',
    );
  });

  it('serves no models', async () => {
    const answer = await post(admin, '/v1/chat/completions', chatBody());
    expect([answer.status, answer.text]).toEqual([
      404,
      expect.stringContaining('Models are served on the other one (PORT)'),
    ]);
    expect((await post(bench, '/v1/chat/completions', chatBody())).status).toBe(200);
    expect((await post(bench, '/v1/chat/completions', chatBody({ stream: true }))).status).toBe(200);
  });

  it('has the probes on both, and the guard on both', async () => {
    for (const target of [admin, bench]) {
      expect((await send(target, '/health/liveliness')).status).toBe(200);
      expect((await send(target, '/health/readiness')).status).toBe(200);
    }
    expect(await knock(admin, '/account/list')).toBe(401);
    expect(await knock(bench, '/account/list')).toBe(404);
  });

  it('tells at the door of the clients of no key but the one that asks', async () => {
    const made = (await post(admin, '/key/generate', { user_id: 'ann' })).json as { key: string; token: string };
    const own = { url: bench.url, key: made.key };
    for (const path of ['/key/info', `/key/info?key=${made.token}`]) expect((await send(own, path)).status).toBe(200);
    expect((await send(bench, '/key/info')).status).toBe(200);
    expect((await send(bench, `/key/info?key=${made.token}`)).status).toBe(404);
    expect((await send(admin, `/key/info?key=${made.token}`)).status).toBe(200);
  });

  it('leaves no route on the wrong side: without a key each is open, closed, or not there', async () => {
    const routes = routesOf(bench.gateway.app.getHttpAdapter().getInstance()).filter(({ method }) => method === 'GET');
    const seen: Record<string, readonly number[]> = {};
    for (const { path } of routes) {
      const target = path.replace(/:\w+/g, 'x').replace('*', 'x');
      seen[path] = [await knock(bench, target), await knock(admin, target)];
    }
    expect(Object.keys(seen).length).toBeGreaterThan(20);
    const models = Object.entries(seen).filter(([path]) => /^\/(?:v1\/)?models\b|^\/backend-api\/codex/.test(path));
    expect(models.length).toBeGreaterThan(2);
    for (const [path, [here]] of models) expect([path, here]).toEqual([path, 401]);
    const management = Object.entries(seen).filter(([path]) =>
      /^\/(?:key|team|user|budget|customer|spend|global|audit|account)\b/.test(path),
    );
    expect(management.length).toBeGreaterThan(10);
    // What a holder asks about itself is on both.
    const own = new Set(['/key/info', '/key/health']);
    for (const [path, [here, there]] of management)
      expect([path, own.has(path) ? 401 : here, there]).toEqual([path, own.has(path) ? 401 : 404, 401]);
  });
});
