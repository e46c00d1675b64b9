/** Families of OpenAI's API that the upstream cannot answer, as a path begins with them. */
const families =
  'embeddings images audio videos moderations rerank batches files uploads containers evals fine_tuning assistants threads vector_stores realtime';

/** What asks for one of them ought to know, by the first word of its path. */
const notes: ReadonlyMap<string, string> = new Map([
  ...families.split(' ').map((family) => [family, `There are no ${family} here: the upstream answers conversations only. Ask another gateway for them.`] as const),
  ['completions', 'Text completions are not served: send the prompt as a message to /v1/chat/completions.'],
  ['messages', 'Anthropic’s Messages are not served: use a client that speaks /v1/chat/completions or /v1/responses.'],
  ['responses', 'Answers are not stored, so none can be fetched or cancelled by its id; hang up to cancel one that runs. Ask with POST /v1/responses.'],
  ['chat/completions', 'Ask with POST /v1/chat/completions and the model in the body; answers are not stored.'],
  ['responses/input_tokens', 'Tokens are not counted ahead: every answer says what it used.'],
  ['conversations', 'Conversations are not stored: send the full input with every request.'],
]); // prettier-ignore

/** Why a route that clients of OpenAI, Azure or Anthropic know is not served; undefined for one that nobody knows. */
export function whyUnserved(path: string): string | undefined {
  const [, word = '', next = ''] =
    /^\/(?:(?:v1\/)?engines\/[^/]+\/|v1\/|openai\/(?:v1\/|deployments\/[^/]+\/)?)?([a-z_]+)(\/[a-z_]+)?(?:[/?]|$)/.exec(
      path,
    ) ?? [];
  return notes.get(word + next) ?? notes.get(word);
}
