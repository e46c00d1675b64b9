import { invalidRequest } from '../../kernel/errors';
import { type JsonObject, type ToolDefinition } from '../canonical/canonical-request';
import {
  isJsonObject,
  optionalChoice,
  optionalFlag,
  optionalObject,
  optionalText,
  requireArray,
  requireObject,
  requireText,
} from '../json-guards';
import { type ToolNames } from '../tool-names';

/** Tools of a chat request in flat spelling. */
export interface MappedTools {
  readonly tools: readonly ToolDefinition[];
  /** The client's own names of its `custom` tools. */
  readonly customTools: ReadonlySet<string>;
}

const noParameters: JsonObject = { type: 'object', properties: {} };
const hostedTool = 'web_search';
const searchSizes = new Set(['low', 'medium', 'high']);

/** Flattens `tools`. Schemas are passed on by reference, never copied. @throws {GatewayError} 400 naming the tool. */
export function mapTools(value: unknown, names: ToolNames): MappedTools {
  const customTools = new Set<string>();
  const tools = requireArray(value, 'tools').map((entry, index) => {
    const path = `tools[${index}]`;
    const tool = requireObject(entry, path);
    if (tool['type'] === 'function') return functionTool(nestedOrFlat(tool, 'function', path), names, path);
    if (tool['type'] === 'custom') return customTool(nestedOrFlat(tool, 'custom', path), { names, customTools }, path);
    if (searchesWeb(tool)) return tool;
    throw invalidRequest(`'${path}.type' must be one of: function, custom, web_search.`, `${path}.type`);
  });
  return { tools, customTools };
}

/** Tools from the legacy `functions` field. @throws {GatewayError} 400 naming the function. */
export function mapFunctions(value: unknown, names: ToolNames): readonly ToolDefinition[] {
  return requireArray(value, 'functions').map((entry, index) => {
    const path = `functions[${index}]`;
    return functionTool(requireObject(entry, path), names, path);
  });
}

/**
 * Chat's own wish for a search on the web, as the tool that the Responses API has for it.
 *
 * @param value `{search_context_size?, user_location?: {type, approximate: {...}}}`; empty for a search without wishes.
 * @throws {GatewayError} 400 naming the member.
 */
export function mapWebSearch(value: unknown): ToolDefinition {
  const path = 'web_search_options';
  const options = requireObject(value, path);
  const size = optionalChoice(options['search_context_size'], `${path}.search_context_size`, searchSizes);
  const location = optionalObject(options['user_location'], `${path}.user_location`);
  // Chat nests the place under its type; the Responses API does not.
  const place = location && (optionalObject(location['approximate'], `${path}.user_location.approximate`) ?? location);
  return {
    type: hostedTool,
    ...(size === undefined ? {} : { search_context_size: size }),
    ...(place === undefined ? {} : { user_location: { ...place, type: 'approximate' } }),
  };
}

/** Whether a tool searches the web, by whichever of its names. */
export function searchesWeb(tool: JsonObject): tool is ToolDefinition {
  const { type } = tool;
  return typeof type === 'string' && type.startsWith(hostedTool);
}

const modes = new Set(['auto', 'none', 'required']);

/** `tool_choice` in flat spelling: a word, one tool, or `allowed_tools`. @throws {GatewayError} 400 naming the field. */
export function mapToolChoice(value: unknown, names: ToolNames): string | JsonObject {
  if (!isJsonObject(value)) return requiredMode(value, 'tool_choice');
  if (value['type'] !== 'allowed_tools') return namedTool(value, names, 'tool_choice');
  const allowed = nestedOrFlat(value, 'allowed_tools', 'tool_choice');
  const tools = requireArray(allowed['tools'], 'tool_choice.allowed_tools.tools');
  return {
    type: 'allowed_tools',
    mode: requiredMode(allowed['mode'], 'tool_choice.allowed_tools.mode'),
    tools: tools.map((entry, index) => {
      const path = `tool_choice.allowed_tools.tools[${index}]`;
      return namedTool(requireObject(entry, path), names, path);
    }),
  };
}

/** The legacy `function_call` field: a word or `{name}`. @throws {GatewayError} 400 naming the field. */
export function mapFunctionChoice(value: unknown, names: ToolNames): string | JsonObject {
  if (!isJsonObject(value)) return requiredMode(value, 'function_call');
  return { type: 'function', name: names.upstreamName(requireText(value['name'], 'function_call.name')) };
}

function functionTool(tool: JsonObject, names: ToolNames, path: string): ToolDefinition {
  const name = names.upstreamName(requireText(tool['name'], `${path}.function.name`));
  const description = optionalText(tool['description'], `${path}.function.description`);
  // Chat tools are loose unless they say so; the Responses API makes them strict unless it is told otherwise.
  const strict = optionalFlag(tool['strict'], `${path}.function.strict`) ?? false;
  const parameters = optionalObject(tool['parameters'], `${path}.function.parameters`) ?? noParameters;
  return description === undefined
    ? { type: 'function', name, strict, parameters }
    : { type: 'function', name, description, strict, parameters };
}

function customTool(
  tool: JsonObject,
  into: { readonly names: ToolNames; readonly customTools: Set<string> },
  path: string,
): ToolDefinition {
  const own = requireText(tool['name'], `${path}.custom.name`);
  into.customTools.add(own);
  const description = optionalText(tool['description'], `${path}.custom.description`);
  const format = optionalObject(tool['format'], `${path}.custom.format`);
  return {
    type: 'custom',
    name: into.names.upstreamName(own),
    ...(description === undefined ? {} : { description }),
    ...(format === undefined ? {} : { format: flatFormat(format) }),
  };
}

function flatFormat(format: JsonObject): JsonObject {
  const grammar = format['grammar'];
  if (format['type'] !== 'grammar' || !isJsonObject(grammar)) return format;
  return { type: 'grammar', syntax: grammar['syntax'], definition: grammar['definition'] };
}

function namedTool(choice: JsonObject, names: ToolNames, path: string): JsonObject {
  const type = choice['type'];
  if (type === 'function' || type === 'custom') {
    const name = requireText(nestedOrFlat(choice, type, path)['name'], `${path}.${type}.name`);
    return { type, name: names.upstreamName(name) };
  }
  if (searchesWeb(choice)) return { type: choice.type };
  throw invalidRequest(`'${path}' must be auto, none, required, or name a function or custom tool.`, path);
}

/** Chat nests a tool's fields under its type; several clients send the flat spelling here, which means the same. */
function nestedOrFlat(tool: JsonObject, type: string, path: string): JsonObject {
  const nested = tool[type];
  if (nested === undefined && (tool['name'] !== undefined || tool['tools'] !== undefined)) return tool;
  return requireObject(nested, `${path}.${type}`);
}

function requiredMode(value: unknown, path: string): string {
  return optionalChoice(value, path, modes) ?? 'auto';
}
