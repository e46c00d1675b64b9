import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOperation } from '@nestjs/swagger';
import { type z } from 'zod';
import { answerOf } from '../http/openapi-answers';
import { chatCompletion, chatEvent, compaction, responseAnswer, responseEvent } from './openai-answers';

type Body = NonNullable<Extract<Parameters<typeof ApiBody>[0], { readonly schema: unknown }>['schema']>;

/** The least of a chat completion's body; the OpenAI API says the rest. */
const chatBody: Body = {
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
const responsesBody: Body = {
  type: 'object',
  required: ['model', 'input'],
  properties: {
    model: { type: 'string' },
    input: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }] },
    stream: { type: 'boolean' },
  },
  additionalProperties: true,
};

/** What a route that asks an upstream reads, and answers with. */
interface Asking {
  readonly body: Body;
  /** Undefined where there are streams only. */
  readonly whole?: z.ZodType;
  /** What each event of a stream holds; undefined where there is none. */
  readonly event?: z.ZodType;
}

/** A chat completion. */
export const chatAsking: Asking = { body: chatBody, whole: chatCompletion, event: chatEvent };
/** A response. */
export const responsesAsking: Asking = { body: responsesBody, whole: responseAnswer, event: responseEvent };
/** A turn of the Codex CLI. */
export const turnAsking: Asking = { body: responsesBody, event: responseEvent };
/** A compaction. */
export const compactAsking: Asking = { body: responsesBody, whole: compaction };

/** Documents a route that asks an upstream. */
export function answers(summary: string, { body, whole, event }: Asking): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary }),
    ApiBody({ schema: body }),
    answerOf({
      ...(whole === undefined ? {} : { 'application/json': whole }),
      ...(event === undefined ? {} : { 'text/event-stream': event }),
    }),
  );
}
