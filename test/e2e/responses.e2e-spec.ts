import { fixture, reasoningThenText, refusal, structured, text } from '../simulator/answers';
import { askings, askResponses, lastAsked, lastInput, refusalOf, replayed } from '../support/asking';
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
let strict: TestBench;

beforeAll(async () => {
  bench = await startBench();
  strict = await startBench({ config: 'litellm_settings:\n  drop_params: false\n' });
});

afterEach(() => {
  bench.simulator.script.clear();
});

afterAll(async () => {
  await bench.close();
  await strict.close();
});

describe.each(askings)('a response of $model, $way', ({ model, way, profile }) => {
  it('tells the text and the usage', async () => {
    bench.simulator.script.next(
      text('Grüße aus Köln, 你好 🌍!', { usage: { input: 90, cached: 64, output: 10, reasoning: 4 } }),
    );
    const told = await askResponses(bench.client, way, { model, input: 'Hello?' });
    expect(told.text).toBe('Grüße aus Köln, 你好 🌍!');
    expect(told.response).toMatchObject({ object: 'response', status: 'completed', model });
    expect(told.response.usage).toMatchObject({
      input_tokens: 90,
      input_tokens_details: { cached_tokens: 64 },
      output_tokens: 10,
      output_tokens_details: { reasoning_tokens: 4 },
      total_tokens: 100,
    });
  });

  it('is asked for in the profile of the model, instructions and system messages as developer messages', async () => {
    await askResponses(bench.client, way, {
      model,
      instructions: 'Be brief.',
      input: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hello?' },
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Go on.' }] },
      ],
    });
    const { body, headers } = lastAsked(bench.simulator);
    expect(body).toMatchObject({ model, store: false, stream: true });
    expect(headers['x-openai-internal-codex-responses-lite']).toBe(profile === 'lite' ? 'true' : undefined);
    expect(lastInput(bench.simulator)).toEqual([
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be brief.' }] },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello?' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Yes.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go on.' }] },
    ]);
  });

  it('sees images', async () => {
    const content = [
      { type: 'input_text' as const, text: 'What is this?' },
      { type: 'input_image' as const, image_url: pixel, detail: 'high' as const },
      { type: 'input_image' as const, image_url: 'https://example.test/cat.png', detail: 'auto' as const },
    ];
    const told = await askResponses(bench.client, way, { model, input: [{ role: 'user', content }] });
    expect(told.text).toBe('I see an image.');
    const sent = lastInput(bench.simulator)[0]?.['content'];
    const [words, first, second] = content;
    const lite = [
      words,
      { type: 'input_image', image_url: pixel },
      { type: 'input_image', image_url: second?.image_url },
    ];
    expect(sent).toEqual(profile === 'lite' ? lite : [words, first, second]);
  });

  it('takes its sealed reasoning back', async () => {
    bench.simulator.script.next(reasoningThenText('A thought.', 'Done.'));
    const first = await askResponses(bench.client, way, {
      model,
      input: 'Think.',
      reasoning: { effort: 'high', summary: 'detailed' },
      include: ['reasoning.encrypted_content'],
    });
    const context = profile === 'lite' ? { context: 'all_turns' } : {};
    expect(lastAsked(bench.simulator).body['reasoning']).toEqual({ effort: 'high', summary: 'detailed', ...context });
    const [reasoning] = first.response.output;
    expect(reasoning).toMatchObject({
      type: 'reasoning',
      encrypted_content: expect.stringMatching(/^gAAAA/) as string,
      summary: [{ type: 'summary_text', text: 'A thought.' }],
    });
    await askResponses(bench.client, way, {
      model,
      input: [{ role: 'user', content: 'Think.' }, ...replayed(first), { role: 'user', content: 'Again.' }],
    });
    const [, sealed, message] = lastInput(bench.simulator);
    expect(sealed).toEqual(reasoning);
    expect(message).toMatchObject({ type: 'message', role: 'assistant', content: [{ text: 'Done.' }] });
    expect(message).not.toHaveProperty('id');
  });

  it('reads the effort off the end of the model name and moves it to one that the model has', async () => {
    const told = await askResponses(bench.client, way, { model: `${model}-max`, input: 'Think.' });
    expect(told.response.model).toBe(`${model}-max`);
    const effort = profile === 'lite' ? 'max' : 'xhigh';
    expect(lastAsked(bench.simulator).body).toMatchObject({ model, reasoning: { effort } });
    await askResponses(bench.client, way, { model, input: 'Think.', reasoning: { effort: 'minimal' } });
    expect(lastAsked(bench.simulator).body).toMatchObject({ model, reasoning: { effort: 'low' } });
  });

  it('tells a refusal as a refusal', async () => {
    bench.simulator.script.next(refusal('I cannot help with that.'));
    const { response } = await askResponses(bench.client, way, { model, input: 'Bad things?' });
    expect(response.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'I cannot help with that.' }] }]);
  });

  it('asks upstream for the JSON schema and tells what fits it', async () => {
    bench.simulator.script.next(structured(weather));
    const format = { type: 'json_schema' as const, name: 'weather', schema, strict: true };
    const told = await askResponses(bench.client, way, {
      model,
      input: 'Weather?',
      text: { format, verbosity: 'low' },
    });
    expect(JSON.parse(told.text)).toEqual(weather);
    expect(lastAsked(bench.simulator).body['text']).toEqual({ format, verbosity: 'low' });
  });

  it('leaves out and lists what the upstream does not take', async () => {
    const { headers } = await askResponses(bench.client, way, {
      model,
      input: 'Hello?',
      store: true,
      max_output_tokens: 50,
      temperature: 0.2,
    });
    expect(headers.get('x-codex-gateway-dropped-params')).toBe('max_output_tokens,store,temperature');
    const { body } = lastAsked(bench.simulator);
    expect(body['store']).toBe(false);
    expect(Object.keys(body)).toEqual(expect.not.arrayContaining(['max_output_tokens', 'temperature']));
  });

  it('refuses by name where the operator wants nothing dropped', async () => {
    const error = await refusalOf(askResponses(strict.client, way, { model, input: 'Hello?', max_output_tokens: 50 }));
    expect(error).toMatchObject({ status: 400, param: 'max_output_tokens' });
    const probable = { model, input: 'Hello?', include: ['message.output_text.logprobs' as const] };
    expect(await refusalOf(askResponses(strict.client, way, probable))).toMatchObject({
      status: 400,
      param: 'include',
    });
    expect(strict.simulator.counts.responses).toBe(0);
  });

  it.each([
    { field: 'previous_response_id', question: { input: 'Go on.', previous_response_id: 'resp_before' } },
    { field: 'input[0]', question: { input: [{ type: 'item_reference' as const, id: 'msg_before' }] } },
    { field: 'input[1]', question: { input: [{ role: 'user' as const, content: 'Go on.' }, { id: 'msg_before' }] } },
  ])('cannot continue by $field, and says what to do instead', async ({ field, question }) => {
    const before = bench.simulator.counts.requests;
    const error = await refusalOf(askResponses(bench.client, way, { model, ...question }));
    expect(error).toMatchObject({ status: 400, param: field });
    expect(error.message).toContain('full input');
    expect(bench.simulator.counts.requests).toBe(before);
  });

  it('names the model that stood in for a retired one', async () => {
    const { headers, response } = await askResponses(bench.client, way, { model: 'gpt-5.2-codex', input: 'Hello?' });
    expect(headers.get('x-codex-gateway-model-remapped')).toBe('gpt-5.2-codex -> gpt-5.5');
    expect(response.model).toBe('gpt-5.2-codex');
  });
});

it('says in a header that the padding of deltas stays', async () => {
  const wish = { stream_options: { include_obfuscation: false } };
  const asked = { model: 'gpt-5.5', input: 'Hello?', ...wish };
  const { headers } = await askResponses(bench.client, 'streamed', asked);
  expect(headers.get('x-codex-gateway-dropped-params')).toBe('stream_options.include_obfuscation');
});

describe('helpers of the SDK for responses', () => {
  it('put a stream together', async () => {
    bench.simulator.script.next(text('Put together.'));
    const told = await bench.client.responses.stream({ model: 'gpt-6.1-sol', input: 'Hello?' }).finalResponse();
    expect(told.output_text).toBe('Put together.');
  });

  it('put a stream together in which upstream never opened an item', async () => {
    bench.simulator.script.next(fixture('synthetic-tool-call-done-only.sse'));
    const told = await bench.client.responses.stream({ model: 'gpt-5.5', input: 'Hello?' }).finalResponse();
    expect(told.output).toMatchObject([{ type: 'function_call', name: 'get_weather', arguments: '{"city":"Berlin"}' }]);
  });

  it('parse structured output', async () => {
    bench.simulator.script.next(structured(weather));
    const told = await bench.client.responses.parse({
      model: 'gpt-5.5',
      input: 'Weather?',
      text: { format: { type: 'json_schema', name: 'weather', schema, strict: true } },
    });
    expect(told.output_parsed).toEqual(weather);
  });
});
