import { text } from '../simulator/answers';
import { lastAsked } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

/** Characters of one to four bytes, a control character, and things that only look like escapes. */
const words = 'Grüße – „später“ 東京 🌍 \u001b[31m C:\\users \\u00e9';
const config = `
model_list:
  - model_name: plain
    litellm_params: { model: codex-oauth/gpt-5.5 }
  - model_name: modellö
    litellm_params: { model: codex-oauth/gpt-5.5 }
  - model_name: 東京
    litellm_params: { model: codex-oauth/gpt-5.5 }
  - model_name: own-words
    litellm_params: { model: codex-oauth/gpt-5.5, codex_mode: false, instructions: "Antworte höflich – 東京." }
`;

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench({ config });
});
afterEach(() => {
  bench.simulator.script.clear();
});
afterAll(async () => {
  await bench.close();
});

/** JSON as Python writes it by default: nothing beyond ASCII. */
function escaped(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

async function post(path: string, body: string): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${bench.key}`, 'content-type': 'application/json' };
  const response = await fetch(`${bench.url}${path}`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

describe.each([
  ['as it is', (value: unknown) => JSON.stringify(value)],
  ['escaped', escaped],
])('text beyond ASCII that a client sends %s', (_, written) => {
  it('reaches the upstream as it was meant, from a chat', async () => {
    const tool = { type: 'function', function: { name: 'find', description: words, parameters: { type: 'object' } } };
    await post(
      '/v1/chat/completions',
      written({ model: 'plain', messages: [{ role: 'user', content: words }], tools: [tool] }),
    );
    const { body } = lastAsked(bench.simulator);
    expect(body['input']).toEqual([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] }]);
    expect(body['tools']).toMatchObject([{ name: 'find', description: words }]);
  });

  it('reaches the upstream as it was meant, from a Responses request', async () => {
    await post('/v1/responses', written({ model: 'plain', input: words, instructions: words }));
    const { body } = lastAsked(bench.simulator);
    expect(JSON.stringify(body['input'])).toContain(JSON.stringify(words).slice(1, -1));
  });

  it('is not mixed up with the words of the deployment', async () => {
    await post('/v1/chat/completions', written({ model: 'own-words', messages: [{ role: 'user', content: words }] }));
    const { body } = lastAsked(bench.simulator);
    expect(body['instructions']).toContain('Antworte höflich – 東京.');
    expect(JSON.stringify(body['input'])).toContain(JSON.stringify(words).slice(1, -1));
  });

  it('may be a model name, which is echoed', async () => {
    const answer = await post(
      '/v1/chat/completions',
      written({ model: 'modellö', messages: [{ role: 'user', content: 'Hallo' }] }),
    );
    expect(answer['model']).toBe('modellö');
  });

  it('may be a stop sequence, which is found in the answer', async () => {
    bench.simulator.script.next(text('eins – zwei – drei'));
    const answer = await post(
      '/v1/chat/completions',
      written({ model: 'plain', stop: [' – drei'], messages: [{ role: 'user', content: 'Zähle' }] }),
    );
    expect(answer['choices']).toMatchObject([{ message: { content: 'eins – zwei' }, finish_reason: 'stop' }]);
  });

  it('may be the name of a tool, which is sent in letters that the upstream takes', async () => {
    const tool = { type: 'function', function: { name: 'prüfe', parameters: { type: 'object' } } };
    await post(
      '/v1/chat/completions',
      written({ model: 'plain', messages: [{ role: 'user', content: 'Prüfe' }], tools: [tool] }),
    );
    const [sent] = lastAsked(bench.simulator).body['tools'] as { name: string }[];
    expect(sent?.name).toMatch(/^pr_fe_[0-9a-f]{8}$/);
  });
});

it.each([{}, { stream: true }, { path: '/backend-api/codex/responses', stream: true, input: [] }])(
  'a limit of a model with a name beyond ASCII refuses in words, as any other: %j',
  async ({ path = '/v1/chat/completions', ...more }) => {
    const asked = (url: string, key: string, body: unknown): Promise<Response> =>
      fetch(`${bench.url}${url}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      });
    const made = await asked('/key/generate', bench.key, { model_rpm_limit: { 東京: 0 } });
    const { key } = (await made.json()) as { readonly key: string };
    const messages = [{ role: 'user', content: 'Hallo' }];
    const answer = await asked(path, key, { model: '東京', messages, ...more });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ error: { gateway: { limit: 'key.rpm_limit[東京]' } } });
    const header = answer.headers.get('x-codex-gateway-limit') ?? '';
    expect(decodeURIComponent(header)).toBe('key.rpm_limit[東京]');
  },
);
