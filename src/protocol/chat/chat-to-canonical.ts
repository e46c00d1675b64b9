import { invalidRequest } from '../../kernel/errors';
import {
  type CanonicalRequest,
  type ClientRequest,
  type JsonObject,
  type ToolDefinition,
} from '../canonical/canonical-request';
import { optionalFlag, optionalText, requireObject } from '../json-guards';
import { type MappingOptions } from '../mapping-options';
import { requireModelName } from '../model-name';
import { unservedOf } from '../unserved-fields';
import { assertSingleChoice, reasoningFrom, stopSequences, textOf, wantsUsage } from './chat-options';
import { MessageMapper } from './messages-to-input';
import { ToolNames } from '../tool-names';
import {
  type MappedTools,
  mapFunctionChoice,
  mapFunctions,
  mapToolChoice,
  mapTools,
  mapWebSearch,
  searchesWeb,
} from './tools-to-canonical';

const noTools: MappedTools = { tools: [], customTools: new Set() };

/** Fields with a place of their own in the canonical request or the chat options. */
const servedFields = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'n',
  'stop',
  'tools',
  'tool_choice',
  'functions',
  'function_call',
  'parallel_tool_calls',
  'response_format',
  'verbosity',
  'reasoning_effort',
  'reasoning',
  'prompt_cache_key',
  'service_tier',
  'store',
  'web_search_options',
]);

/** A chat answer says `"logprobs":null`: asking a host for them would only cost. */
const unansweredFields = new Set(['logprobs', 'top_logprobs']);

/**
 * Reads a chat completions request.
 *
 * One pass, nothing copied: texts, schemas and image URLs travel by reference.
 * @throws {GatewayError} 400 whose `param` names the field at fault.
 */
export function chatToCanonical(body: unknown, options: MappingOptions): ClientRequest {
  const fields = requireObject(body, 'body');
  const model = requireModelName(fields['model']);
  assertSingleChoice(fields['n']);
  const names = new ToolNames(options.hash);
  const toolbox = toolboxOf(fields, names);
  const unserved = unservedOf(fields, servedFields, options, unansweredFields);
  const mapper = new MessageMapper(names, options.maxImageBytes);
  const input = mapper.map(fields['messages']);
  if (mapper.losesNames) unserved.note('messages.name');
  const canonical: CanonicalRequest = {
    model,
    input,
    ...toolbox.canonical,
    ...wishesOf(fields),
    ...unserved.samplingField(),
  };
  return {
    canonical,
    stream: optionalFlag(fields['stream'], 'stream') ?? false,
    droppedParams: unserved.list(),
    chat: {
      includeUsage: wantsUsage(fields['stream_options']) || options.alwaysIncludeStreamUsage,
      stop: stopSequences(fields['stop']),
      legacyFunctions: toolbox.legacy,
      toolNames: names.mapping,
      customTools: toolbox.customTools,
    },
  };
}

interface Toolbox {
  readonly canonical: Pick<CanonicalRequest, 'tools' | 'tool_choice' | 'parallel_tool_calls'>;
  readonly customTools: ReadonlySet<string>;
  readonly legacy: boolean;
}

function toolboxOf(fields: JsonObject, names: ToolNames): Toolbox {
  const { tools: declared, customTools, legacy } = declaredTools(fields, names);
  const tools = withSearch(declared, fields['web_search_options']);
  const choice = choiceOf(fields, names);
  // A legacy answer has room for one call only.
  const parallel = legacy ? false : optionalFlag(fields['parallel_tool_calls'], 'parallel_tool_calls');
  return {
    canonical: {
      ...(tools.length === 0 ? {} : { tools }),
      ...(choice === undefined ? {} : { tool_choice: choice }),
      ...(parallel === undefined ? {} : { parallel_tool_calls: parallel }),
    },
    customTools,
    legacy,
  };
}

/** `tools`, or the legacy `functions` where there are none. */
function declaredTools(fields: JsonObject, names: ToolNames): MappedTools & { readonly legacy: boolean } {
  if (!isGiven(fields['functions'])) {
    const { tools, customTools } = isGiven(fields['tools']) ? mapTools(fields['tools'], names) : noTools;
    return { tools, customTools, legacy: false };
  }
  if (isGiven(fields['tools'])) {
    throw invalidRequest("Send 'tools' or the older 'functions', not both.", 'functions');
  }
  return { tools: mapFunctions(fields['functions'], names), customTools: new Set(), legacy: true };
}

/** Who declares the tool itself has said more than the options can. */
function withSearch(tools: readonly ToolDefinition[], options: unknown): readonly ToolDefinition[] {
  return !isGiven(options) || tools.some(searchesWeb) ? tools : [...tools, mapWebSearch(options)];
}

function choiceOf(fields: JsonObject, names: ToolNames): string | JsonObject | undefined {
  if (isGiven(fields['tool_choice'])) return mapToolChoice(fields['tool_choice'], names);
  return isGiven(fields['function_call']) ? mapFunctionChoice(fields['function_call'], names) : undefined;
}

type Wishes = Pick<CanonicalRequest, 'reasoning' | 'text' | 'prompt_cache_key' | 'service_tier'>;

function wishesOf(fields: JsonObject): Wishes {
  const reasoning = reasoningFrom(fields['reasoning_effort'], fields['reasoning']);
  const text = textOf(fields['response_format'], fields['verbosity']);
  const cacheKey = optionalText(fields['prompt_cache_key'], 'prompt_cache_key');
  const tier = optionalText(fields['service_tier'], 'service_tier');
  return {
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(text === undefined ? {} : { text }),
    ...(cacheKey === undefined ? {} : { prompt_cache_key: cacheKey }),
    ...(tier === undefined ? {} : { service_tier: tier }),
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
