import OpenAI, { AzureOpenAI } from 'openai';
import { lastAsked } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const model = 'gpt-6.1-sol';
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];
const dated = { apiVersion: '2025-04-01-preview', maxRetries: 0 };

const clients: readonly (readonly [string, (at: TestBench) => OpenAI])[] = [
  ['dated, with a key', ({ url, key }) => new AzureOpenAI({ ...dated, endpoint: url, apiKey: key })],
  [
    'dated, with a token',
    ({ url, key }) => new AzureOpenAI({ ...dated, endpoint: url, azureADTokenProvider: () => Promise.resolve(key) }),
  ],
  ['without a version', ({ url, key }) => new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: key, maxRetries: 0 })],
];

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

describe.each(clients)('a client of Azure, %s', (_, clientOf) => {
  it('asks for chats, whole and streamed', async () => {
    const client = clientOf(bench);
    const { choices } = await client.chat.completions.create({ model, messages });
    expect(choices[0]?.message.content).toContain('simulator');
    expect(await client.chat.completions.stream({ model, messages }).finalContent()).toContain('simulator');
    expect(lastAsked(bench.simulator).body['model']).toBe(model);
  });

  it('asks for responses, whole and streamed', async () => {
    const client = clientOf(bench);
    expect((await client.responses.create({ model, input: 'Hi' })).output_text).toContain('simulator');
    const { output_text } = await client.responses.stream({ model, input: 'Hi' }).finalResponse();
    expect(output_text).toContain('simulator');
    expect(lastAsked(bench.simulator).body['model']).toBe(model);
  });
});
