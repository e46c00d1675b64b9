import { reasoningThenText, refusal, structured, text } from '../simulator/answers';
import { askChat, askings, lastAsked, lastInput, refusalOf } from '../support/asking';
import { startBench, type TestBench } from '../support/gateway';

const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, celsius: { type: 'number' } },
  required: ['city', 'celsius'],
  additionalProperties: false,
};
const weather = { city: 'Berlin', celsius: 21.5 };

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench();
});

afterEach(() => {
  bench.simulator.script.clear();
});

afterAll(async () => {
  await bench.close();
});

describe.each(askings)('a chat with $model, $way', ({ model, way, profile }) => {
  const user = (content: string): { role: 'user'; content: string } => ({ role: 'user', content });

  it('tells the text, the reason of its end and the usage', async () => {
    bench.simulator.script.next(
      text('Grüße aus Köln, 你好 🌍!', { usage: { input: 90, cached: 64, output: 10, reasoning: 4 } }),
    );
    const { completion, message, finishReason } = await askChat(bench.client, way, {
      model,
      messages: [user('Hello?')],
    });
    expect(completion).toMatchObject({ object: 'chat.completion', model });
    expect(completion.id).toMatch(/^chatcmpl-/);
    expect(message).toEqual({ role: 'assistant', content: 'Grüße aus Köln, 你好 🌍!', refusal: null });
    expect(finishReason).toBe('stop');
    expect(completion.usage).toMatchObject({
      prompt_tokens: 90,
      completion_tokens: 10,
      total_tokens: 100,
      prompt_tokens_details: { cached_tokens: 64 },
      completion_tokens_details: { reasoning_tokens: 4 },
    });
  });

  it('goes upstream in the profile of the model', async () => {
    await askChat(bench.client, way, { model, messages: [user('Hello?')] });
    const { body, headers } = lastAsked(bench.simulator);
    expect(body).toMatchObject({ model, store: false, stream: true, include: ['reasoning.encrypted_content'] });
    expect(headers['x-openai-internal-codex-responses-lite']).toBe(profile === 'lite' ? 'true' : undefined);
    expect('instructions' in body).toBe(profile === 'ordinary');
    expect(lastInput(bench.simulator)).toEqual([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello?' }] },
    ]);
  });

  it('sends system and developer messages as developer messages, in their places', async () => {
    await askChat(bench.client, way, {
      model,
      messages: [
        { role: 'system', content: 'Be brief.' },
        user('Hello?'),
        { role: 'assistant', content: 'Yes.' },
        { role: 'developer', content: 'Be long.' },
        user('Go on.'),
      ],
    });
    const said = lastInput(bench.simulator).map(({ role, content }) => [
      role,
      (content as { text: string }[])[0]?.text,
    ]);
    expect(said).toEqual([
      ['developer', 'Be brief.'],
      ['user', 'Hello?'],
      ['assistant', 'Yes.'],
      ['developer', 'Be long.'],
      ['user', 'Go on.'],
    ]);
  });

  it('sends images as data and as addresses, with their detail where the profile takes it', async () => {
    const { message } = await askChat(bench.client, way, {
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: pixel, detail: 'high' } },
            { type: 'image_url', image_url: { url: 'https://example.test/cat.png' } },
          ],
        },
      ],
    });
    expect(message.content).toBe('I see an image.');
    const detail = profile === 'lite' ? {} : { detail: 'high' };
    expect(lastInput(bench.simulator)[0]?.['content']).toEqual([
      { type: 'input_text', text: 'What is this?' },
      { type: 'input_image', image_url: pixel, ...detail },
      { type: 'input_image', image_url: 'https://example.test/cat.png' },
    ]);
  });

  it('tells a summary of the reasoning beside the text, its paragraphs apart', async () => {
    bench.simulator.script.next(reasoningThenText('First a thought.\n\nThen another.', 'Done.'));
    const { message, completion } = await askChat(bench.client, way, {
      model,
      reasoning_effort: 'high',
      messages: [user('Think.')],
    });
    expect(message.reasoning_content).toBe('First a thought.\n\nThen another.');
    expect(message.content).toBe('Done.');
    expect(completion.usage?.completion_tokens_details?.reasoning_tokens).toBe(64);
    const context = profile === 'lite' ? { context: 'all_turns' } : {};
    expect(lastAsked(bench.simulator).body['reasoning']).toEqual({ effort: 'high', summary: 'auto', ...context });
  });

  it('reads the effort off the end of the model name, which the request itself overrides', async () => {
    const messages = [user('Think.')];
    const { completion } = await askChat(bench.client, way, { model: `${model}-xhigh`, messages });
    expect(lastAsked(bench.simulator).body).toMatchObject({ model, reasoning: { effort: 'xhigh' } });
    expect(completion.model).toBe(`${model}-xhigh`);
    await askChat(bench.client, way, { model: `${model}-xhigh`, reasoning_effort: 'low', messages });
    expect(lastAsked(bench.simulator).body).toMatchObject({ model, reasoning: { effort: 'low' } });
  });

  it('moves an effort that the model does not have to the nearest that it has', async () => {
    const messages = [user('Think.')];
    await askChat(bench.client, way, { model, reasoning_effort: 'minimal', messages });
    expect(lastAsked(bench.simulator).body).toMatchObject({ reasoning: { effort: 'low' } });
    await askChat(bench.client, way, { model: `${model}-max`, messages });
    const highest = profile === 'lite' ? 'max' : 'xhigh';
    expect(lastAsked(bench.simulator).body).toMatchObject({ model, reasoning: { effort: highest } });
  });

  it('tells a refusal as a refusal', async () => {
    bench.simulator.script.next(refusal('I cannot help with that.'));
    const { message, finishReason } = await askChat(bench.client, way, { model, messages: [user('Bad things?')] });
    expect(message).toMatchObject({ content: null, refusal: 'I cannot help with that.' });
    expect(finishReason).toBe('stop');
  });

  it('asks upstream for the JSON schema and tells what fits it', async () => {
    bench.simulator.script.next(structured(weather));
    const format = { name: 'weather', description: 'Now', schema, strict: true };
    const { message } = await askChat(bench.client, way, {
      model,
      response_format: { type: 'json_schema', json_schema: format },
      verbosity: 'low',
      messages: [user('Weather?')],
    });
    expect(JSON.parse(message.content ?? '')).toEqual(weather);
    expect(lastAsked(bench.simulator).body['text']).toEqual({
      verbosity: 'low',
      format: { type: 'json_schema', ...format },
    });
  });

  it('asks upstream for any JSON object', async () => {
    const { message } = await askChat(bench.client, way, {
      model,
      response_format: { type: 'json_object' },
      messages: [user('Some JSON, please.')],
    });
    expect(JSON.parse(message.content ?? '')).toEqual({ answer: 'simulated' });
    expect(lastAsked(bench.simulator).body['text']).toEqual({ format: { type: 'json_object' } });
  });

  it('refuses more than one choice', async () => {
    const before = bench.simulator.counts.responses;
    const error = await refusalOf(askChat(bench.client, way, { model, n: 2, messages: [user('Twice!')] }));
    expect(error).toMatchObject({ status: 400, param: 'n', type: 'invalid_request_error' });
    expect(bench.simulator.counts.responses).toBe(before);
  });
});

describe('what only one way of a chat has', () => {
  const messages = [{ role: 'user' as const, content: 'Hello?' }];

  it('ends a stream with one chunk of usage when the client asks for it', async () => {
    const { chunks } = await askChat(bench.client, 'streamed', { model: 'gpt-5.5', messages });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 1200 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it('tells no usage in a stream whose client did not ask for it', async () => {
    const stream = await bench.client.chat.completions.create({ model: 'gpt-5.5', messages, stream: true });
    const chunks: unknown[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.filter((chunk) => 'usage' in (chunk as object))).toEqual([]);
    expect(chunks.at(-1)).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }] });
  });

  it('is put together by the stream helper of the SDK', async () => {
    bench.simulator.script.next(text('Put together.'));
    const told = await bench.client.chat.completions.stream({ model: 'gpt-6.1-sol', messages }).finalChatCompletion();
    expect(told.choices[0]?.message.content).toBe('Put together.');
  });

  it('is parsed by the parse helper of the SDK', async () => {
    bench.simulator.script.next(structured(weather));
    const told = await bench.client.chat.completions.parse({
      model: 'gpt-5.5',
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'weather', schema, strict: true } },
    });
    expect(told.choices[0]?.message.parsed).toEqual(weather);
  });
});
