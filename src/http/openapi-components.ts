import { type OpenAPIObject } from '@nestjs/swagger';
import { answerSchemas, contentOf } from './openapi-answers';
import { errorAnswer } from './openapi-errors';

type Components = NonNullable<OpenAPIObject['components']>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<NonNullable<Operation['responses'][string]>, { readonly $ref: string }>;
type Header = Exclude<NonNullable<Components['headers']>[string], { readonly $ref: string }>;

function header(description: string, { type = 'string', required = false } = {}): Header {
  return { description, required, schema: { type } };
}

/** Of every answer. */
const everywhere = {
  'x-request-id': header('Names the request in logs and in the ledger', { required: true }),
  'x-litellm-call-id': header('The same, or what the client sent under this name or as x-request-id', {
    required: true,
  }),
};

/** Of refusals. */
const ofRefusals = {
  'retry-after': header('Seconds until another try makes sense', { type: 'integer' }),
  'x-should-retry': header('Whether another try makes sense: true or false'),
  'x-codex-gateway-refused-by': header('As error.gateway.author'),
  'x-codex-gateway-limit': header('As error.gateway.limit, percent-encoded where that is not ASCII'),
  'x-codex-gateway-remaining': header('As error.gateway.remaining', { type: 'number' }),
  'x-codex-gateway-reset-at': header('As error.gateway.reset_at', { type: 'integer' }),
};

/**
 * The document with what no decorator says: the schemas of answers, the refusal and the headers that every operation may
 * answer with, and operation ids that say the route, where Nest numbers the paths of one handler.
 */
export function withAnswers(document: OpenAPIObject): OpenAPIObject {
  const { components = {}, paths } = document;
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item) as [string, Operation][]) {
      operation.operationId = operationId(`${method} ${path}`);
      operation.responses = answersOf(operation);
    }
  }
  const headers = { ...everywhere, ...ofRefusals };
  const Refusal = {
    description: 'A refusal',
    headers: refs(headers),
    content: contentOf({ 'application/json': errorAnswer }),
  };
  const schemas = { ...components.schemas, ...answerSchemas() };
  return { ...document, components: { ...components, schemas, headers, responses: { Refusal } } };
}

/** `post /v1/chat/completions` → `postV1ChatCompletions`. */
function operationId(route: string): string {
  return route.replace(/[^a-z0-9]+(.?)/gi, (_, first: string) => first.toUpperCase());
}

function answersOf({ responses }: Operation): Operation['responses'] {
  const answers: Operation['responses'] = { default: { $ref: '#/components/responses/Refusal' } };
  for (const [status, answer] of Object.entries(responses) as [string, Response][])
    answers[status] = { ...answer, headers: refs(everywhere) };
  return answers;
}

function refs(headers: object): Record<string, { readonly $ref: string }> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
