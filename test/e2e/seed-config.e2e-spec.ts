import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { ProgramBench, type Served } from '../support/program';

/** The file and the curl call of the LiteLLM guide that users of the provider plug-in come from, unchanged. */
const file = join(__dirname, '..', 'fixtures', 'config', 'users-guide.yaml');
const body = `{
    "model": "chatgpt-plus-gpt-5.1-codex-max",
    "messages": [{"role": "user", "content": "Ping!"}]
  }`;

let bench: ProgramBench;
let served: Served;

beforeAll(async () => {
  bench = await ProgramBench.start();
  const path = bench.write('config.yaml', readFileSync(file, 'utf8'));
  served = await bench.serve(['--config', path], { GATEWAY_MASTER_KEY: undefined });
});
afterAll(async () => {
  await bench.close();
});

describe('the guide’s config.yaml', () => {
  it('answers the guide’s curl call', async () => {
    const response = await fetch(`${served.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer sk-your-master-key-12345' },
      body,
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'chatgpt-plus-gpt-5.1-codex-max',
      choices: [
        { message: { role: 'assistant', content: expect.stringMatching(/\S/) as string }, finish_reason: 'stop' },
      ],
      usage: { total_tokens: expect.any(Number) as number },
    });
  });

  it('has its retired model answered by a current one, and says so', async () => {
    const client = new OpenAI({ baseURL: `${served.url}/v1`, apiKey: 'sk-your-master-key-12345', maxRetries: 0 });
    const { data, response } = await client.chat.completions
      .create({ model: 'chatgpt-plus-gpt-5.1-codex-max', messages: [{ role: 'user', content: 'Ping!' }] })
      .withResponse();
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(response.headers.get('x-codex-gateway-model-remapped')).toBe('gpt-5.1-codex-max -> gpt-5.5');
    const sent = bench.simulator.seen.findLast(({ path }) => path.endsWith('/responses'));
    expect(sent?.body).toMatchObject({ model: 'gpt-5.5', store: false, stream: true });
  });

  it('is opened on this machine only, with a warning, because everybody knows its key', async () => {
    expect(new URL(served.url).hostname).toBe('127.0.0.1');
    expect(served.output()).toMatch(/published example key/);
    expect(served.output()).not.toContain('sk-your-master-key-12345');
    const open = await bench.run(['--config', file, '--port', '0', '--host', '0.0.0.0']);
    expect(open.status).toBe(1);
    expect(open.stderr).toContain('published example');
  });
});
