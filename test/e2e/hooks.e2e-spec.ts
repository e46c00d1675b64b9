import { chatBody, post } from '../support/calls';
import { eventually } from '../support/eventually';
import { testKey } from '../support/gateway';
import { ProgramBench, type Served } from '../support/program';
import { text } from '../simulator/answers';
import { faults } from '../simulator/faults';

const hookFile = `
exports.prompt = (instructions, slug) => {
  if (globalThis.promptFails) return '';
  return instructions + '\\n\\nHouse rule for ' + slug;
};
exports.request = (request, context) => {
  if (JSON.stringify(request.input).includes('make the request hook hang')) {
    console.log('the hook hangs');
    return new Promise(() => {});
  }
  if (JSON.stringify(request.input).includes('make the request hook forget')) return;
  if (JSON.stringify(request.input).includes('make the request hook fail')) throw new Error('secret of the hook');
  globalThis.promptFails = JSON.stringify(request.input).includes('make the prompt hook fail');
  return { ...request, prompt_cache_key: context.keyAlias + '/' + context.model };
};
exports.response = (event) => {
  globalThis.lastWords = event.type === 'response.output_text.done' ? event.text : globalThis.lastWords;
  if (event.type === 'response.completed' && globalThis.lastWords.includes('ENDLESS')) return null;
  if (event.type === 'response.completed' && globalThis.lastWords.includes('BANNED'))
    return { type: 'response.failed', response: { error: { code: 'house_rule', message: 'The house forbids this.' } } };
  if (event.type === 'response.output_text.delta' && event.delta.includes('LATER')) return Promise.reject(new Error('secret of the hook'));
  if (event.type === 'response.output_text.delta' && event.delta.includes('BOOM')) throw new Error('secret of the hook');
  return event.type === 'response.output_text.delta' ? { ...event, delta: event.delta.toUpperCase() } : event;
};
`;

let bench: ProgramBench;
let served: Served;
let target: { url: string; key: string };

beforeAll(async () => {
  bench = await ProgramBench.start();
  bench.write('house.cjs', hookFile);
  bench.write(
    'late.mjs',
    "export const request = (request) => ({ ...request, prompt_cache_key: request.prompt_cache_key + '!' });\n",
  );
  const config = bench.write('config.yaml', 'codex_hooks: [./house.cjs, ./late.mjs]\n');
  served = await bench.serve(['--config', config]);
  target = { url: served.url, key: testKey };
});
afterAll(async () => {
  await bench.close();
});

const lastBody = (): Record<string, unknown> =>
  bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'))?.body as Record<string, unknown>;
const question = (content: string, more: Record<string, unknown> = {}): Record<string, unknown> =>
  chatBody({ messages: [{ role: 'user', content }], ...more });

describe('hooks from module files', () => {
  it('change the instructions and the request, in the order of their files', async () => {
    const answer = await post(target, '/v1/chat/completions', question('Hello?'));
    expect(answer.status).toBe(200);
    expect(lastBody()['instructions']).toMatch(/\S[^]*\n\nHouse rule for gpt-5\.5$/);
    expect(lastBody()['prompt_cache_key']).toBe('master/gpt-5.5!');
  });

  it('change the events of streams', async () => {
    const answer = await post(target, '/v1/chat/completions', question('Hello?', { stream: true }));
    expect(answer.status).toBe(200);
    const words = [...answer.text.matchAll(/"content":"([^"]*)"/g)].map(([, word]) => word).join('');
    expect(words).toMatch(/SIMULATOR/);
    expect(words).toBe(words.toUpperCase());
  });

  it('are shown by the transform route', async () => {
    const answer = await post(target, '/utils/transform_request', {
      call_type: 'completion',
      request_body: question('Hello?'),
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ raw_request_body: { prompt_cache_key: 'master/gpt-5.5!' } });
    expect(answer.text).toContain('House rule for gpt-5.5');
  });

  it('change the question that a request brings for its own fallback', async () => {
    bench.simulator.script.next(faults.overloaded503);
    const own = { model: 'gpt-5.6-luna', messages: [{ role: 'user', content: 'Said to the other' }] };
    const answer = await post(target, '/v1/chat/completions', question('Hello?', { num_retries: 0, fallbacks: [own] }));
    expect(answer.headers.get('x-litellm-attempted-fallbacks')).toBe('1');
    expect(JSON.stringify(lastBody()['input'])).toContain('Said to the other');
    expect(lastBody()['prompt_cache_key']).toBe('master/gpt-5.5!');
  });

  it('let the stop sequences hold that a request brings for its own fallback', async () => {
    bench.simulator.script.next(faults.overloaded503, text('Said END, and more'));
    const own = { model: 'gpt-5.6-luna', stop: ['END'] };
    const answer = await post(target, '/v1/chat/completions', question('Hello?', { num_retries: 0, fallbacks: [own] }));
    expect(answer.json).toMatchObject({ choices: [{ message: { content: 'SAID ' }, finish_reason: 'stop' }] });
  });

  it('leave the native surface as it came', async () => {
    const body = {
      model: 'gpt-5.5',
      instructions: 'As it came.',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
      store: false,
      stream: true,
    };
    const answer = await post(target, '/backend-api/codex/responses', body);
    expect(answer.status).toBe(200);
    expect(lastBody()).toEqual(body);
  });

  it('that fail in a stream have the reason in the log, under the id that the client knows', async () => {
    bench.simulator.script.next(text('Said BOOM'));
    const answer = await post(target, '/v1/chat/completions', question('Hello?', { stream: true }));
    expect(answer.text).toContain('hook_failed');
    const id = answer.headers.get('x-request-id');
    await eventually('the reason is written', () =>
      served
        .output()
        .split('\n')
        .some((line) => line.includes(`"requestId":"${id}"`) && line.includes('exports.response')),
    );
  });

  it('cannot have a part of an answer taken for the whole', async () => {
    for (const [path, body] of [
      ['/v1/chat/completions', question('Hello?')],
      ['/v1/responses', { model: 'gpt-5.5', input: 'Hello?' }],
    ] as const) {
      bench.simulator.script.next(text('Said ENDLESS'), text('Said ENDLESS'));
      expect((await post(target, path, { ...body, stream: true })).text).toContain('hook_failed');
      expect((await post(target, path, body)).json).toMatchObject({ error: { code: '500' } });
      bench.simulator.script.next(text('Said BANNED'), text('Said BANNED'));
      const streamed = await post(target, path, { ...body, stream: true });
      expect(streamed.text).toMatch(
        /"code":"house_rule","message":"The house forbids this\."|"The house forbids this\."/,
      );
      const whole = await post(target, path, body);
      expect([whole.status, whole.text]).toEqual([400, expect.stringContaining('The house forbids this.')]);
    }
  });

  it.each([false, true])('that answer later fail their request and nothing else (stream: %s)', async (stream) => {
    bench.simulator.script.next(text('Said LATER'));
    const answer = await post(target, '/v1/chat/completions', question('Hello?', { stream }));
    expect(answer.status).toBe(stream ? 200 : 500);
    expect(answer.text).toContain('codex_hooks');
    expect((await post(target, '/v1/chat/completions', question('Hello?'))).status).toBe(200);
    expect(served.output()).not.toContain('a bug');
  });

  it('that never answer hold no place of a key whose client has left', async () => {
    const { json } = await post(target, '/key/generate', { max_parallel_requests: 1 });
    const held = { ...target, key: (json as { key: string }).key };
    const leaving = new AbortController();
    const hanging = fetch(`${target.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${held.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(question('make the request hook hang')),
      signal: leaving.signal,
    });
    const ask = async (): Promise<number> => (await post(held, '/v1/chat/completions', question('Hello?'))).status;
    await eventually('the hook is asked', () => served.output().includes('the hook hangs'));
    expect(await ask()).toBe(429);
    leaving.abort();
    await expect(hanging).rejects.toThrow();
    await eventually('the place is free', async () => (await ask()) === 200);
  });

  it.each(['make the request hook fail', 'make the request hook forget', 'make the prompt hook fail'])(
    'that fail (%s) are a 500 hook_failed, told once and without their words',
    async (content) => {
      const before = bench.simulator.counts.responses;
      for (const stream of [false, true]) {
        const answer = await post(target, '/v1/chat/completions', question(content, { stream }));
        expect(answer.status).toBe(500);
        expect(answer.json).toMatchObject({
          error: {
            type: 'internal_server_error',
            code: '500',
            message: expect.stringContaining('codex_hooks') as string,
          },
        });
        expect(answer.text).not.toContain('secret of the hook');
        const toCli = await post(
          target,
          '/v1/responses',
          { model: 'gpt-5.5', input: content, stream },
          { originator: 'codex_exec' },
        );
        // It would ask thirty times more at a 500, and show other words.
        expect([toCli.status, toCli.json]).toMatchObject([400, { error: { code: 'invalid_prompt' } }]);
      }
      expect(bench.simulator.counts.responses).toBe(before);
      expect((await post(target, '/v1/chat/completions', question('Hello?'))).status).toBe(200);
    },
  );
});
