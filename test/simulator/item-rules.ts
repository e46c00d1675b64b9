import { type Answer, json } from './answer';
import { type JsonObject, objectsOf, stringOf } from './json';
import { declaredTools } from './tools';

/** What the rules about single items look at. */
interface ItemAsk {
  readonly body: JsonObject;
  readonly input: readonly JsonObject[];
}

type ItemRule = (ask: ItemAsk) => Answer | undefined;

const longestName = 64;

const partTypes: Readonly<Record<string, readonly string[]>> = {
  user: ['input_text', 'input_image', 'input_file'],
  developer: ['input_text', 'input_image', 'input_file'],
  assistant: ['output_text', 'refusal'],
};

/** Calls and the outputs that answer them. */
const answeredBy: Readonly<Record<string, string>> = {
  function_call_output: 'function_call',
  custom_tool_call_output: 'custom_tool_call',
};

function refuse(message: string, param: string, code: string | null = null): Answer {
  return json(400, { error: { message, type: 'invalid_request_error', param, code } });
}

function referenceRule({ input }: ItemAsk): Answer | undefined {
  const lost = input.find(
    (item) =>
      item['type'] === 'item_reference' ||
      (item['type'] === 'reasoning' && 'id' in item && typeof item['encrypted_content'] !== 'string'),
  );
  if (lost === undefined) return undefined;
  const id = stringOf(lost['id']) ?? '';
  return json(400, {
    detail: `Item with id '${id}' not found. Items are not persisted when store is set to false.`,
  });
}

function orphanRule({ input }: ItemAsk): Answer | undefined {
  const called = new Set<string>();
  for (const [at, item] of input.entries()) {
    const type = stringOf(item['type']) ?? '';
    const callId = stringOf(item['call_id']) ?? '';
    const call = answeredBy[type];
    if (call !== undefined && !called.has(`${call} ${callId}`)) {
      return refuse(`No tool call found for the output with call_id ${callId}.`, `input[${at}].call_id`);
    }
    called.add(`${type} ${callId}`);
  }
  return undefined;
}

function nameRule({ body, input }: ItemAsk): Answer | undefined {
  const tools = declaredTools(body);
  const inner = tools.flatMap((tool) => objectsOf(tool['tools']));
  const unnamed = tools.findIndex((tool) => tool['type'] === 'function' && typeof tool['name'] !== 'string');
  if (unnamed >= 0) {
    return refuse(
      `Missing required parameter: 'tools[${unnamed}].name'.`,
      `tools[${unnamed}].name`,
      'missing_required_parameter',
    );
  }
  const calls = input.filter((item) => item['type'] === 'function_call' || item['type'] === 'custom_tool_call');
  const isLong = (named: JsonObject): boolean => (stringOf(named['name']) ?? '').length > longestName;
  if (![...tools, ...inner, ...calls].some(isLong)) return undefined;
  return refuse(`A tool name is longer than ${longestName} characters.`, 'tools', 'string_above_max_length');
}

function partRule({ input }: ItemAsk): Answer | undefined {
  for (const [at, item] of input.entries()) {
    const wanted = partTypes[stringOf(item['role']) ?? ''];
    const isMessage = item['type'] === undefined || item['type'] === 'message';
    const foreign = isMessage
      ? objectsOf(item['content']).find((part) => !wanted?.includes(String(part['type'])))
      : undefined;
    if (foreign !== undefined) {
      const param = `input[${at}].content`;
      return refuse(`Invalid content type '${String(foreign['type'])}' for this role.`, param, 'invalid_value');
    }
  }
  return undefined;
}

function breakpointRule({ input }: ItemAsk): Answer | undefined {
  const isMarked = input.some((item) => objectsOf(item['content']).some((part) => 'prompt_cache_breakpoint' in part));
  return isMarked
    ? json(400, { error: { message: 'prompt_cache_breakpoint is not supported on this model' } })
    : undefined;
}

/** The rules about items, tools and parts, in the order in which they are checked. */
export const itemRules: readonly ItemRule[] = [orphanRule, referenceRule, nameRule, partRule, breakpointRule];
