import { startBench, type TestBench } from '../support/gateway';

const page = 'https://chat.example';
const question = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'Ping!' }], stream: true };

/** What a browser asks before it sends a call of the `openai` SDK. */
const preflight = (bench: TestBench, origin: string): Promise<Response> =>
  fetch(`${bench.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
    },
  });

const asked = (bench: TestBench, origin: string, key = bench.key): Promise<Response> =>
  fetch(`${bench.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { origin, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });

const allowed = ({ headers }: Response): string | null => headers.get('access-control-allow-origin');

describe('a page that calls the gateway from a browser', () => {
  it('is told nothing where nobody allowed it', async () => {
    const bench = await startBench();
    try {
      const [before, answer] = [await preflight(bench, page), await asked(bench, page)];
      expect([before.status, allowed(before), answer.status, allowed(answer)]).toEqual([404, null, 200, null]);
      expect(await answer.text()).toContain('[DONE]');
    } finally {
      await bench.close();
    }
  });

  it('may call from an origin of the list: streams, refusals and their headers', async () => {
    const bench = await startBench({ env: { LITELLM_CORS_ORIGINS: `https://other.example, ${page}` } });
    try {
      const before = await preflight(bench, page);
      expect([before.status, allowed(before)]).toEqual([204, page]);
      expect(before.headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-lang');
      expect(before.headers.get('access-control-allow-methods')).toContain('POST');
      const stream = await asked(bench, page);
      expect([stream.status, allowed(stream), stream.headers.get('vary')]).toEqual([200, page, 'Origin']);
      expect(stream.headers.get('access-control-expose-headers')).toBe('*');
      expect(await stream.text()).toContain('[DONE]');
      const refused = await asked(bench, page, 'sk-nobody-has-this-key');
      expect([refused.status, allowed(refused)]).toEqual([401, page]);
      expect(await refused.json()).toHaveProperty('error.type', 'auth_error');
      const foreign = [await preflight(bench, 'https://evil.example'), await asked(bench, 'https://evil.example')];
      expect(foreign.map(allowed)).toEqual([null, null]);
      for (const { headers } of [before, stream, refused])
        expect(headers.has('access-control-allow-credentials')).toBe(false);
    } finally {
      await bench.close();
    }
  });
});
