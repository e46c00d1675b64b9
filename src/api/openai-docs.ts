import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation } from '@nestjs/swagger';

type Body = NonNullable<Extract<Parameters<typeof ApiBody>[0], { readonly schema: unknown }>['schema']>;

/** The least of a chat completion's body; the OpenAI API says the rest. */
export const chatBody: Body = {
  type: 'object',
  required: ['model', 'messages'],
  properties: {
    model: { type: 'string' },
    messages: { type: 'array', items: { type: 'object' } },
    stream: { type: 'boolean' },
  },
  additionalProperties: true,
};

/** The same of a response's. */
export const responsesBody: Body = {
  type: 'object',
  required: ['model', 'input'],
  properties: {
    model: { type: 'string' },
    input: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }] },
    stream: { type: 'boolean' },
  },
  additionalProperties: true,
};

/** Documents a route that asks an upstream. */
export function answers(summary: string, schema: Body): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary }),
    ApiBody({ schema }),
    ApiOkResponse({ description: 'The answer: JSON, or server-sent events for a stream.' }),
  );
}
