import { type CanonicalRequest } from '../canonical/canonical-request';
import { openAiBody } from './openai-body';

const request: CanonicalRequest = {
  model: 'asked',
  input: [{ type: 'message', role: 'system', content: [{ type: 'input_text', text: 'x' }] }],
};

it('sends the request as it is, under the host name of the model', () => {
  const full: CanonicalRequest = {
    ...request,
    instructions: 'i',
    tools: [],
    text: {},
    prompt_cache_key: 'k',
    service_tier: 'fast',
  };
  expect(openAiBody(full, 'gpt-4o', true)).toEqual({
    body: {
      model: 'gpt-4o',
      input: request.input,
      instructions: 'i',
      tools: [],
      text: {},
      prompt_cache_key: 'k',
      service_tier: 'priority',
      stream: true,
      store: false,
    },
    dropped: [],
  });
});

it('spells sampling as the Responses API does and lists what it has no word for', () => {
  const sampling = {
    max_completion_tokens: 7,
    max_tokens: 5,
    temperature: 0.5,
    logprobs: true,
    seed: 1,
    previous_response_id: 'r',
  };
  const { body, dropped } = openAiBody({ ...request, sampling, client_metadata: { a: 'b' } }, 's', false);
  expect(body).toMatchObject({
    max_output_tokens: 7,
    temperature: 0.5,
    include: ['message.output_text.logprobs'],
    previous_response_id: 'r',
    stream: false,
  });
  expect(body).not.toHaveProperty('client_metadata');
  expect(dropped).toEqual(['client_metadata', 'seed']);
});
