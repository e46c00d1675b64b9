import { z } from 'zod';
import { namedAnswer, whole } from './openapi-answers';

/** Every refusal, in OpenAI's envelope; `errorBody` makes it. */
export const errorAnswer = namedAnswer(
  'Error',
  z.object({
    error: z.object({
      message: z.string().meta({ description: 'A sentence for a person: the field, the limit and the way out' }),
      type: z.string().meta({ description: 'The machine kind' }),
      param: z.string().nullable().meta({ description: 'The request field at fault' }),
      code: z.string().meta({ description: 'The HTTP status; in streams and for the Codex CLI the machine code' }),
      resets_at: whole
        .optional()
        .meta({ description: 'Unix seconds at which a spent limit of a Codex CLI starts anew' }),
      gateway: z
        .object({
          author: z.enum(['key', 'gateway', 'plan_window', 'upstream', 'edge']),
          limit: z.string().nullable(),
          remaining: z.number().nullable(),
          reset_at: whole.nullable().meta({ description: 'Unix seconds' }),
        })
        .optional()
        .meta({ description: 'Who decided to refuse, by which limit, and when that is free again' }),
      trace_id: z.string().optional(),
    }),
  }),
);
