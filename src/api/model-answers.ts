import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { jsonAnswer, namedAnswer, optionals, whole } from '../http/openapi-answers';
import { type OpenAiModel } from './model-listing';

const map = z.record(z.string(), z.unknown());

/** One entry of OpenAI's model list. */
export const modelAnswer = namedAnswer(
  'Model',
  z.object({
    id: z.string(),
    object: z.literal('model'),
    created: whole,
    owned_by: z.string(),
  }) satisfies z.ZodType<OpenAiModel>,
);

/** An entry of the catalog as a Codex CLI reads it: the upstream's, whole, so with more fields than these. */
const catalogEntry = namedAnswer(
  'CodexModel',
  z.looseObject({
    slug: z.string(),
    display_name: z.string(),
    supported_reasoning_levels: z.array(z.unknown()),
    shell_type: z.string(),
    visibility: z.string(),
    supported_in_api: z.boolean(),
    priority: z.number(),
    base_instructions: z.string(),
    support_verbosity: z.boolean(),
    truncation_policy: map,
    experimental_supported_tools: z.array(z.unknown()),
  }),
);

/** `GET /v1/models`; `models` for who named a `client_version`. */
export const modelList = namedAnswer(
  'ModelList',
  z.object({ object: z.literal('list'), data: z.array(modelAnswer), models: z.array(catalogEntry).optional() }),
);

/** `GET /backend-api/codex/models`. */
export const codexCatalog = namedAnswer('CodexCatalog', z.object({ models: z.array(catalogEntry) }));

const amount = z.number().nullable().optional();

/** What of a model's facts is told of its group too: what the operator wrote into `model_info` may say more, and otherwise. */
const facts = {
  mode: z.string().optional(),
  max_input_tokens: amount,
  max_output_tokens: amount,
  input_cost_per_token: amount,
  output_cost_per_token: amount,
  supported_reasoning_efforts: z.array(z.string()).optional(),
  supported_service_tiers: z.array(z.string()).optional(),
  supported_openai_params: z.array(z.string()).optional(),
};

/** `GET /model/info`. */
export const modelInfo = namedAnswer(
  'ModelInfo',
  z.object({
    data: z.array(
      z.object({
        model_name: z.string(),
        litellm_params: z.object({
          model: z.string(),
          api_base: z.string(),
          ...optionals(['rpm', 'tpm', 'order', 'weight', 'max_parallel_requests'], z.number()),
          tags: z.array(z.string()).optional(),
        }),
        model_info: z.looseObject({
          id: z.string(),
          db_model: z.literal(false),
          key: z.string(),
          litellm_provider: z.string(),
          ...facts,
        }),
      }),
    ),
  }),
);

/** `GET /model_group/info`. */
export const modelGroupInfo = namedAnswer(
  'ModelGroupInfo',
  z.object({
    data: z.array(
      z.looseObject({
        model_group: z.string(),
        providers: z.array(z.string()),
        tpm: z.number().nullable(),
        rpm: z.number().nullable(),
        ...facts,
      }),
    ),
  }),
);

/** `POST /utils/transform_request`. */
export const transformedRequest = namedAnswer(
  'TransformedRequest',
  z.object({
    raw_request_api_base: z.string(),
    raw_request_headers: z.record(z.string(), z.string()),
    raw_request_body: map,
    error: z.null(),
    deployment_id: z.string(),
    instructions_sha256: z.string().nullable(),
    dropped_params: z.array(z.string()),
  }),
);

/** Documents a list that has an `etag`. */
export function taggedAnswer(schema: z.ZodType): MethodDecorator {
  const unchanged = ApiResponse({ status: 304, description: 'It is as the `if-none-match` of the request has it' });
  return applyDecorators(jsonAnswer(schema), unchanged);
}
