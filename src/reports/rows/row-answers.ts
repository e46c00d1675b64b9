import { z } from 'zod';
import { day, moment, namedAnswer, whole } from '../../http/openapi-answers';

const text = z.string().nullable();
const dollars = z.number().meta({ description: 'Dollars' });
const map = z.record(z.string(), z.unknown());

const usage = z.object({
  prompt_tokens: whole,
  completion_tokens: whole,
  total_tokens: whole,
  prompt_tokens_details: z.object({ cached_tokens: whole, cache_write_tokens: whole.optional() }),
  completion_tokens_details: z.object({ reasoning_tokens: whole }),
});

const cost = z.object({
  input_cost: dollars,
  output_cost: dollars,
  total_cost: dollars,
  tool_usage_cost: dollars,
  original_cost: dollars,
  discount_amount: dollars,
  margin_total_amount: dollars,
  cached_input_cost: dollars,
  cache_write_cost: dollars,
  reasoning_cost: dollars,
  price_source: z.string(),
});

const ownFacts = z.object({
  requested_model: z.string(),
  service_tier: z.object({ requested: text, actual: text, billed: z.string() }),
  quality: z.string(),
  late: z.boolean(),
  end: z.string(),
  http_status: whole,
  stream: z.boolean(),
  attempts: whole,
  user_agent: text,
  account: text.optional().meta({ description: 'Which login answered; told to admins and viewers only' }),
});

const rowMetadata = z.object({
  user_api_key: z.string(),
  user_api_key_alias: text,
  user_api_key_team_id: text,
  user_api_key_user_id: text,
  user_api_key_org_id: text,
  spend_logs_metadata: map.nullable(),
  usage_object: usage,
  cost_breakdown: cost.nullable(),
  error_information: z
    .object({ error_code: z.string(), error_class: z.string(), error_message: z.string(), traceback: z.string() })
    .nullable(),
  model_map_information: z.object({ model_map_key: z.string(), model_map_value: map.nullable() }),
  additional_usage_values: z.object({
    cache_read_input_tokens: whole,
    cache_creation_input_tokens: whole,
    reasoning_tokens: whole,
  }),
  status: z.string(),
  codex_gateway: ownFacts,
});

/** `spendLogRow`. */
export const spendLogAnswer = namedAnswer(
  'SpendLog',
  z.object({
    request_id: z.string(),
    call_type: z.string(),
    spend: dollars,
    total_tokens: whole,
    prompt_tokens: whole,
    completion_tokens: whole,
    startTime: moment,
    endTime: moment,
    completionStartTime: moment.nullable(),
    model: z.string(),
    model_id: z.string(),
    model_group: z.string(),
    custom_llm_provider: z.string(),
    api_base: z.string(),
    api_key: z.string(),
    user: z.string(),
    team_id: text,
    organization_id: text,
    end_user: z.string(),
    requester_ip_address: text,
    metadata: rowMetadata,
    cache_hit: z.string(),
    cache_key: z.string(),
    request_tags: z.array(z.string()),
    messages: map,
    response: map,
    proxy_server_request: map,
    session_id: text,
    status: z.enum(['success', 'failure']),
    mcp_namespaced_tool_name: text,
  }),
);

const sums = z.record(z.string(), dollars);

/** `GET /spend/logs`: rows, or with both dates sums of each day. */
export const spendLogs = namedAnswer(
  'SpendLogs',
  z.array(
    z.union([
      spendLogAnswer,
      namedAnswer(
        'SpendLogDay',
        z.object({ startTime: day, spend: dollars, users: sums, models: sums }).catchall(dollars),
      ),
    ]),
  ),
);

/** `GET /spend/logs/v2`. */
export const spendLogPage = namedAnswer(
  'SpendLogPage',
  z.object({
    data: z.array(spendLogAnswer),
    total: whole,
    page: whole,
    page_size: whole,
    total_pages: whole,
    total_is_exact: z.literal(false).optional().meta({ description: 'There may be more than total' }),
  }),
);

/** `GET /spend/export` with `format=csv`. */
export const csvFile = namedAnswer(
  'SpendCsv',
  z.string().meta({ description: 'One line of names, then one of each row' }),
);
