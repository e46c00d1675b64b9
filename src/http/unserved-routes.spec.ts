import { whyUnserved } from './unserved-routes';

describe('whyUnserved', () => {
  it.each([
    ['/v1/embeddings', 'no embeddings'],
    ['/embeddings?x=1', 'no embeddings'],
    ['/openai/deployments/gpt-5.5/embeddings?api-version=1', 'no embeddings'],
    ['/engines/gpt-5.5/embeddings', 'no embeddings'],
    ['/v1/engines/gpt-5.5/chat/completions', 'POST /v1/chat/completions'],
    ['/engines/gpt-5.5/chat/completions', 'POST /v1/chat/completions'],
    ['/v1/chat/completions/chatcmpl-1', 'not stored'],
    ['/openai/v1/embeddings', 'no embeddings'],
    ['/openai/files?api-version=1', 'no files'],
    ['/openai/v1/responses/resp_1', 'not stored'],
    ['/openai/deployments/gpt-5.5/responses', 'POST /v1/responses'],
    ['/v1/containers', 'no containers'],
    ['/v1/images/generations', 'no images'],
    ['/v1/audio/transcriptions', 'no audio'],
    ['/v1/completions', '/v1/chat/completions'],
    ['/v1/messages/count_tokens', 'Anthropic'],
    ['/v1/responses/resp_1/cancel', 'not stored'],
    ['/v1/responses/resp_1', 'not stored'],
    ['/v1/responses/input_tokens', 'not counted'],
    ['/v1/conversations/conv_1/items', 'full input'],
  ])('says of %s what its caller ought to know', (path, words) => {
    expect(whyUnserved(path)).toContain(words);
  });

  it.each([
    '/',
    '/v1',
    '/v1/embeddingsx',
    '/v1/chat/completion',
    '/key/embeddings',
    '/v2/embeddings',
    '/V1/embeddings',
    '',
  ])('knows nothing of %s', (path) => {
    expect(whyUnserved(path)).toBeUndefined();
  });
});
