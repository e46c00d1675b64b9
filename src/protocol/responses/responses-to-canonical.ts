import { invalidRequest } from '../../kernel/errors';
import {
  type CanonicalRequest,
  type ClientRequest,
  type JsonObject,
  type ToolDefinition,
} from '../canonical/canonical-request';
import {
  isJsonObject,
  optionalFlag,
  optionalObject,
  optionalText,
  requireArray,
  requireObject,
  requireText,
} from '../json-guards';
import { type MappingOptions } from '../mapping-options';
import { requireModelName } from '../model-name';
import { ToolNames, withFittingName } from '../tool-names';
import { unservedOf } from '../unserved-fields';
import { inputItems } from './input-items';

/** Fields with a place of their own in the canonical request, and `stream_options`, of which one wish is listed. */
const servedFields = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'reasoning',
  'text',
  'include',
  'prompt_cache_key',
  'service_tier',
  'client_metadata',
  'stream',
  'stream_options',
  'store',
  'background',
]);

/**
 * Reads a Responses request, which already speaks the inner language: checks it and leaves its items where they are.
 * @throws {GatewayError} 400 whose `param` names the field at fault.
 */
export function responsesToCanonical(body: unknown, options: MappingOptions): ClientRequest {
  const fields = requireObject(body, 'body');
  if (optionalFlag(fields['background'], 'background') === true) {
    throw invalidRequest(
      "'background' is not served: nothing is stored here. Send the request without it.",
      'background',
    );
  }
  const stream = optionalFlag(fields['stream'], 'stream') ?? false;
  const unserved = unservedOf(fields, servedFields, options);
  // Deltas go out as they came, padding and all.
  if (stream && refusesPadding(fields['stream_options'])) unserved.note('stream_options.include_obfuscation');
  const names = new ToolNames(options.hash);
  const canonical: CanonicalRequest = {
    model: requireModelName(fields['model']),
    input: inputOf(fields, names, options),
    ...toolFieldsOf(fields, names),
    ...objectFieldsOf(fields),
    ...textFieldsOf(fields),
    ...unserved.samplingField(),
  };
  return {
    canonical,
    stream,
    droppedParams: unserved.list(),
    toolNames: names.mapping,
  };
}

/** Only a request that continues a stored conversation may come without an input of its own. */
function inputOf(fields: JsonObject, names: ToolNames, options: MappingOptions): CanonicalRequest['input'] {
  const continues = ['previous_response_id', 'conversation', 'prompt'].some((field) => isGiven(fields[field]));
  if (!isGiven(fields['input']) && continues) return [];
  return inputItems(fields['input'], { maxImageBytes: options.maxImageBytes, selfContained: !continues, names });
}

type ToolFields = Pick<CanonicalRequest, 'tools' | 'tool_choice' | 'parallel_tool_calls'>;

function toolFieldsOf(fields: JsonObject, names: ToolNames): ToolFields {
  const choice = fields['tool_choice'];
  if (isGiven(choice) && typeof choice !== 'string' && !isJsonObject(choice)) {
    throw invalidRequest("'tool_choice' must be a string or an object.", 'tool_choice', 'invalid_type');
  }
  const parallel = optionalFlag(fields['parallel_tool_calls'], 'parallel_tool_calls');
  return {
    ...(isGiven(fields['tools']) ? { tools: toolsOf(fields['tools'], names) } : {}),
    ...(isGiven(choice) ? { tool_choice: choiceOf(choice, names) } : {}),
    ...(parallel === undefined ? {} : { parallel_tool_calls: parallel }),
  };
}

/** Any type of tool passes: the CLI sends kinds that no public list has. */
function toolsOf(value: unknown, names: ToolNames): readonly ToolDefinition[] {
  return requireArray(value, 'tools').map((entry, index) => {
    const path = `tools[${index}]`;
    const tool = requireObject(entry, path);
    const type = requireText(tool['type'], `${path}.type`);
    if (type === 'function' || type === 'custom') requireText(tool['name'], `${path}.name`);
    return withFittingName(tool, names) as ToolDefinition;
  });
}

function choiceOf(choice: unknown, names: ToolNames): unknown {
  if (!isJsonObject(choice)) return choice;
  const allowed = choice['tools'];
  if (!Array.isArray(allowed)) return withFittingName(choice, names);
  const tools = allowed.map((tool: unknown) => (isJsonObject(tool) ? withFittingName(tool, names) : tool));
  return { ...choice, tools };
}

type ObjectFields = Pick<CanonicalRequest, 'reasoning' | 'text' | 'include' | 'client_metadata'>;

function objectFieldsOf(fields: JsonObject): ObjectFields {
  const reasoning = optionalObject(fields['reasoning'], 'reasoning');
  const text = optionalObject(fields['text'], 'text');
  // What is no text would be left out without a word further on.
  optionalText(reasoning?.['effort'], 'reasoning.effort');
  optionalText(reasoning?.['summary'], 'reasoning.summary');
  optionalText(text?.['verbosity'], 'text.verbosity');
  const metadata = optionalObject(fields['client_metadata'], 'client_metadata');
  const include = isGiven(fields['include']) ? includeOf(fields['include']) : undefined;
  return {
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(text === undefined ? {} : { text }),
    ...(include === undefined ? {} : { include }),
    ...(metadata === undefined ? {} : { client_metadata: metadata }),
  };
}

function includeOf(value: unknown): readonly string[] {
  return requireArray(value, 'include').map((entry, index) => requireText(entry, `include[${index}]`));
}

type TextFields = Pick<CanonicalRequest, 'instructions' | 'prompt_cache_key' | 'service_tier'>;

function textFieldsOf(fields: JsonObject): TextFields {
  const instructions = optionalText(fields['instructions'], 'instructions');
  const cacheKey = optionalText(fields['prompt_cache_key'], 'prompt_cache_key');
  const tier = optionalText(fields['service_tier'], 'service_tier');
  return {
    ...(instructions === undefined || instructions === '' ? {} : { instructions }),
    ...(cacheKey === undefined ? {} : { prompt_cache_key: cacheKey }),
    ...(tier === undefined ? {} : { service_tier: tier }),
  };
}

function refusesPadding(streamOptions: unknown): boolean {
  return isJsonObject(streamOptions) && streamOptions['include_obfuscation'] === false;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
