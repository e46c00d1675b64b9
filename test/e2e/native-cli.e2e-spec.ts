import { stall } from '../simulator/answer';
import { failedEvent, text } from '../simulator/answers';
import { faults, httpError } from '../simulator/faults';
import { type JsonObject, objectOf, objectsOf, stringOf } from '../simulator/json';
import { startBench, type TestBench } from '../support/gateway';

/** What a CLI 0.169.0 cannot do without: one missing in one entry spoils its whole catalog. */
const requiredOfEntry: Readonly<Record<string, string>> = {
  slug: 'string',
  display_name: 'string',
  supported_reasoning_levels: 'array',
  shell_type: 'string',
  visibility: 'string',
  supported_in_api: 'boolean',
  priority: 'number',
  base_instructions: 'string',
  support_verbosity: 'boolean',
  truncation_policy: 'object',
  experimental_supported_tools: 'array',
};

const cli = {
  originator: 'codex_exec',
  'user-agent': 'codex_exec/0.169.0 (Debian 12.0.0; x86_64)',
  version: '0.169.0',
};
const longBurst = httpError(
  429,
  { error: { code: 'rate_limit_exceeded', type: 'tokens', message: 'Rate limit reached. Please try again in 45s.' } },
  { 'retry-after': '45' },
);
const surfaces = ['/backend-api/codex', '/v1'] as const;

interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
  readonly error: JsonObject;
}

function ask(bench: TestBench, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${bench.url}${path}`, { headers: { ...cli, authorization: `Bearer ${bench.key}`, ...headers } });
}

function post(
  bench: TestBench,
  base: string,
  { model = 'gpt-5.5', headers = {} }: { readonly model?: string; readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  const input = ['developer', 'user'].map((role) => ({
    type: 'message',
    role,
    content: [{ type: 'input_text', text: 'Hello' }],
  }));
  return fetch(`${bench.url}${base}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...cli, authorization: `Bearer ${bench.key}`, ...headers },
    body: JSON.stringify({ model, input, store: false, stream: true }),
  });
}

async function refusal(answer: Response): Promise<Told> {
  const body = objectOf(await answer.json());
  return { status: answer.status, headers: answer.headers, body, error: objectOf(body['error']) };
}

function faultsOf(entry: JsonObject): readonly string[] {
  return Object.entries(requiredOfEntry).flatMap(([field, type]) => {
    const value = entry[field];
    const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    return actual === type ? [] : [`${stringOf(entry['slug']) ?? '?'}.${field} is ${actual}`];
  });
}

function lastEvent(stream: string): JsonObject {
  return objectOf(
    JSON.parse(
      stream
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^data: /, '') ?? '',
    ),
  );
}

describe('towards a Codex CLI', () => {
  let bench: TestBench;

  beforeAll(async () => {
    // Each answer is looked at by itself: no account rests after a refusal.
    bench = await startBench({ config: 'router_settings:\n  disable_cooldowns: true\n' });
  });

  afterAll(async () => {
    await bench.close();
  });

  beforeEach(() => {
    bench.simulator.script.clear();
  });

  describe.each(['/backend-api/codex/models', '/v1/models?client_version=0.169.0'])('the catalog at %s', (path) => {
    it('carries all eleven required fields in every entry', async () => {
      const { models } = (await (await ask(bench, path)).json()) as { models: JsonObject[] };
      expect(models.length).toBeGreaterThanOrEqual(10);
      expect(models.flatMap(faultsOf)).toEqual([]);
      const [slugs, known] = [models, bench.simulator.catalog.models].map((all) => all.map(({ slug }) => slug));
      expect(slugs?.sort()).toEqual(known?.sort());
    });

    it('has an ETag of its own and answers 304 to it', async () => {
      const first = await ask(bench, path);
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toMatch(/^W\/".+"$/);
      expect(etag).not.toBe(bench.simulator.catalog.etag);
      await first.text();
      const again = await ask(bench, path, { 'if-none-match': etag });
      expect([again.status, await again.text()]).toEqual([304, '']);
      const changed = await ask(bench, path, { 'if-none-match': 'W/"older"' });
      expect(changed.status).toBe(200);
      await changed.text();
    });

    it('needs a key', async () => {
      expect((await refusal(await ask(bench, path, { authorization: 'Bearer sk-stranger-0123456789' }))).status).toBe(
        401,
      );
    });
  });

  it('gives one list that SDKs and the CLI can both read', async () => {
    const both = objectOf(await (await ask(bench, '/v1/models?client_version=0.169.0')).json());
    expect(both['object']).toBe('list');
    expect(objectsOf(both['data']).map(({ id }) => id)).toContain('gpt-5.5');
    expect(objectsOf(both['models']).map(({ slug }) => slug)).toContain('gpt-5.5');
    expect(await (await ask(bench, '/v1/models')).json()).not.toHaveProperty('models');
  });

  describe.each(surfaces)('on %s', (base) => {
    it('refuses an unknown model with a 400 of code model_not_found, which no release repeats, and words that name it', async () => {
      const { status, error } = await refusal(await post(bench, base, { model: 'gpt-nobody' }));
      expect([status, error['code']]).toEqual([400, 'model_not_found']);
      expect(error['message']).toContain("'gpt-nobody'");
    });

    it('refuses a wrong key with 401, and with 403 beside a ChatGPT login', async () => {
      const wrong = { authorization: 'Bearer sk-stranger-0123456789' };
      const plain = await refusal(await post(bench, base, { headers: wrong }));
      expect([plain.status, plain.error['code']]).toEqual([401, 'invalid_api_key']);
      const beside = { ...wrong, 'chatgpt-account-id': 'their-own' };
      expect((await refusal(await post(bench, base, { headers: beside }))).status).toBe(403);
    });

    it('takes our key beside a ChatGPT token, which goes no further', async () => {
      const mark = bench.simulator.seen.length;
      const theirs = { authorization: 'Bearer the.users.token', 'chatgpt-account-id': 'their-own' };
      const answer = await post(bench, base, { headers: { ...theirs, 'x-api-key': bench.key } });
      expect(answer.status).toBe(200);
      await answer.text();
      const sent = bench.simulator.seen.slice(mark).flatMap(({ rawHeaders }) => rawHeaders);
      expect(sent.join('\n')).not.toMatch(/the\.users\.token|their-own/);
    });

    it('ends every answer with a whole usage object', async () => {
      const answer = await post(bench, base);
      expect(objectOf(lastEvent(await answer.text())['response'])['usage']).toEqual({
        input_tokens: 1200,
        input_tokens_details: { cached_tokens: 1024 },
        output_tokens: 24,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 1224,
      });
    });

    it('turns a spent quota into the one refusal whose words a CLI shows', async () => {
      bench.simulator.script.next(faults.usageLimit);
      const { status, headers, error } = await refusal(await post(bench, base));
      expect([status, error['type']]).toEqual([429, 'usage_limit_reached']);
      expect(headers.get('x-codex-promo-message')).toMatch(/^[\x20-\x7e]*[^.]$/);
      expect(error['resets_at']).toBeGreaterThan(Date.now() / 1000);
      expect(error).not.toHaveProperty('plan_type');
      expect([...headers.keys()].filter((name) => /^x-codex-(primary|active)/.test(name))).toEqual([]);
    });

    it('asks for a pause of at most thirty seconds when the upstream wants a longer one', async () => {
      bench.simulator.script.always(longBurst);
      const { status, headers } = await refusal(await post(bench, base));
      expect(status).toBe(429);
      expect(headers.get('retry-after')).toBe('30');
    });

    it('says overloaded for an upstream that is down', async () => {
      bench.simulator.script.always(httpError(502, 'Bad gateway'));
      const { status, error } = await refusal(await post(bench, base));
      expect([status, error['code']]).toEqual([503, 'server_is_overloaded']);
    });

    it('passes a failure on that stops the CLI when it comes after the first words', async () => {
      bench.simulator.script.next(failedEvent('invalid_prompt', 'Not like this.', 'half a sentence'));
      const told = await (await post(bench, base)).text();
      expect(told).toContain('half');
      const failed = lastEvent(told);
      expect(failed['type']).toBe('response.failed');
      expect(objectOf(objectOf(failed['response'])['error'])['code']).toBe('invalid_prompt');
    });
  });
});

describe('towards a Codex CLI, while an answer is slow', () => {
  let bench: TestBench;

  beforeAll(async () => {
    bench = await startBench({ times: { cliKeepAliveMs: 100, keepAliveMs: 60_000, firstByteHoldMs: 50 } });
  });

  afterAll(async () => {
    await bench.close();
  });

  it.each(surfaces)('keeps the stream of %s alive with data frames, not with comments', async (base) => {
    bench.simulator.script.next(stall(text('late words'), 0));
    const answer = await post(bench, base);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    let told = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      told += decoder.decode(chunk, { stream: true });
      if (told.split('data: {"type":"codex.keepalive"}\n\n').length > 2) bench.simulator.release();
    }
    expect(told).toContain('late words');
    expect(told).not.toMatch(/^:/m);
    expect(lastEvent(told)['type']).toBe('response.completed');
  });
});

describe('towards a Codex CLI, with models of the operator’s choice', () => {
  let bench: TestBench;

  beforeAll(async () => {
    const models = ['team-default', 'gpt-6.1-sol'];
    const targets = ['codex-oauth/gpt-5.5', 'codex-oauth/gpt-6.1-sol'];
    const list = models.map(
      (name, at) => `  - { model_name: ${name}, litellm_params: { model: ${targets[at] ?? ''} } }`,
    );
    bench = await startBench({ config: `model_list:\n${list.join('\n')}\n` });
  });

  afterAll(async () => {
    await bench.close();
  });

  it.each(['/backend-api/codex/models', '/v1/models?client_version=0.169.0'])(
    'lists at %s exactly what it serves, an alias with the abilities of its target',
    async (path) => {
      const { models } = (await (await ask(bench, path)).json()) as { models: JsonObject[] };
      expect(models.map(({ slug }) => slug).sort()).toEqual(['gpt-6.1-sol', 'team-default']);
      expect(models.flatMap(faultsOf)).toEqual([]);
      const target = bench.simulator.catalog.models.find(({ slug }) => slug === 'gpt-5.5');
      expect(models.find(({ slug }) => slug === 'team-default')).toMatchObject({
        display_name: 'team-default',
        apply_patch_tool_type: target?.['apply_patch_tool_type'],
        supported_reasoning_levels: target?.['supported_reasoning_levels'],
        context_window: target?.['context_window'],
      });
    },
  );
});
