import { z } from 'zod';
import { namedAnswer, whole } from '../http/openapi-answers';
import { errorAnswer } from '../http/openapi-errors';

const text = z.string().nullable();
const created = whole.meta({ type: 'integer', description: 'Unix seconds' });
const nothing = z.null();

/** `chatUsage`. */
const chatUsage = namedAnswer(
  'ChatUsage',
  z.object({
    prompt_tokens: whole,
    completion_tokens: whole,
    total_tokens: whole,
    prompt_tokens_details: z.object({ cached_tokens: whole, cache_write_tokens: whole.optional() }),
    completion_tokens_details: z.object({ reasoning_tokens: whole }),
    cost: z.number().optional().meta({ description: 'Dollars; of streams that were asked to show it' }),
  }),
);

const annotations = z
  .array(
    z.object({
      type: z.literal('url_citation'),
      url_citation: z.object({
        start_index: whole.optional(),
        end_index: whole.optional(),
        title: z.string().optional(),
        url: z.string().optional(),
      }),
    }),
  )
  .optional();

const finishReason = z.enum(['stop', 'length', 'content_filter', 'tool_calls', 'function_call']);
const functionCall = z.object({ name: z.string(), arguments: z.string() });

/** What `ChatFold` gathers. */
export const chatCompletion = namedAnswer(
  'ChatCompletion',
  z.object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created,
    model: z.string(),
    choices: z.array(
      z.object({
        index: whole,
        message: z.object({
          role: z.literal('assistant'),
          content: text,
          refusal: text,
          reasoning_content: z.string().optional(),
          function_call: functionCall.optional(),
          tool_calls: z
            .array(
              z.union([
                z.object({ id: z.string(), type: z.literal('function'), function: functionCall }),
                z.object({
                  id: z.string(),
                  type: z.literal('custom'),
                  custom: z.object({ name: z.string(), input: z.string() }),
                }),
              ]),
            )
            .optional(),
          annotations,
        }),
        logprobs: nothing,
        finish_reason: finishReason,
      }),
    ),
    usage: chatUsage,
    service_tier: z.string().optional(),
  }),
);

const toolCallPiece = z.object({
  index: whole,
  id: z.string().optional(),
  type: z.enum(['function', 'custom']).optional(),
  function: functionCall.partial().optional(),
  custom: z.object({ name: z.string().optional(), input: z.string().optional() }).optional(),
});

/** What `ChatChunks` writes. */
const chatChunk = namedAnswer(
  'ChatCompletionChunk',
  z.object({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created,
    model: z.string(),
    choices: z.array(
      z.object({
        index: whole,
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: text.optional(),
          reasoning_content: z.string().optional(),
          refusal: z.string().optional(),
          function_call: functionCall.partial().optional(),
          tool_calls: z.array(toolCallPiece).optional(),
          annotations,
        }),
        logprobs: nothing,
        finish_reason: finishReason.nullable(),
      }),
    ),
    service_tier: z.string().optional(),
    usage: chatUsage.nullable().optional(),
  }),
);

/** One `data:` of a chat stream; a broken one ends with a refusal, every other with `[DONE]`. */
export const chatEvent = namedAnswer('ChatCompletionEvent', z.union([chatChunk, errorAnswer]));

/** One entry of `output`; kinds that we do not know pass as they came. */
const outputItem = namedAnswer('ResponseItem', z.looseObject({ type: z.string() }));

/** `finalResponse`; what the upstream says beside it is passed on. */
export const responseAnswer = namedAnswer(
  'Response',
  z.looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: created,
    status: z.string().optional(),
    model: z.string().optional(),
    output: z.array(outputItem),
    error: z.looseObject({ code: text, message: z.string() }).nullable().optional(),
    incomplete_details: z.looseObject({ reason: z.string().optional() }).nullable().optional(),
    usage: z
      .looseObject({
        input_tokens: whole,
        input_tokens_details: z.looseObject({ cached_tokens: whole }),
        output_tokens: whole,
        output_tokens_details: z.looseObject({ reasoning_tokens: whole }),
        total_tokens: whole,
        cost: z.number().optional(),
      })
      .nullable()
      .optional(),
  }),
);

/** One `data:` of a stream of Responses events; a broken one ends with `response.failed`. */
export const responseEvent = namedAnswer(
  'ResponseEvent',
  z.looseObject({
    type: z
      .string()
      .meta({ description: 'As response.output_text.delta; kinds that we do not know pass as they came' }),
    sequence_number: whole.optional(),
    response: z.looseObject({ id: z.string().optional() }).optional(),
    delta: z.unknown().optional(),
    item: outputItem.optional(),
  }),
);

/** What a compaction leaves of a conversation, as the upstream says it. */
export const compaction = namedAnswer('Compaction', z.looseObject({ output: z.array(outputItem) }));
