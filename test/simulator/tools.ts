import { type JsonObject, objectOf, objectsOf, stringOf } from './json';

/** A tool that can be called, wherever in the request it was declared. */
export interface OfferedTool {
  readonly kind: 'function' | 'custom';
  readonly name: string;
  readonly namespace: string | undefined;
  readonly parameters: JsonObject;
}

/** @returns the declarations of both profiles: top-level `tools` and those of `additional_tools` items. */
export function declaredTools(body: JsonObject): readonly JsonObject[] {
  const additional = objectsOf(body['input']).filter((item) => item['type'] === 'additional_tools');
  return [...objectsOf(body['tools']), ...additional.flatMap((item) => objectsOf(item['tools']))];
}

/** @returns the functions and freeform tools, those inside namespaces included. */
export function offeredTools(body: JsonObject): readonly OfferedTool[] {
  return declaredTools(body).flatMap((tool) => {
    if (tool['type'] !== 'namespace') return offered(tool, undefined);
    return objectsOf(tool['tools']).flatMap((inner) => offered(inner, stringOf(tool['name'])));
  });
}

function offered(tool: JsonObject, namespace: string | undefined): readonly OfferedTool[] {
  const { type, name } = tool;
  if ((type !== 'function' && type !== 'custom') || typeof name !== 'string') return [];
  return [{ kind: type, name, namespace, parameters: objectOf(tool['parameters']) }];
}

const shellTools = ['exec_command', 'shell_command', 'shell', 'local_shell'];

/** @returns the tool a model would reach for: a shell when there is one, the lite CLI's `exec`, else the first function. */
export function favouriteTool(tools: readonly OfferedTool[]): OfferedTool | undefined {
  return (
    tools.find((tool) => shellTools.includes(tool.name)) ??
    tools.find((tool) => tool.kind === 'custom' && tool.name === 'exec') ??
    tools.find((tool) => tool.kind === 'function') ??
    tools[0]
  );
}

/** @returns arguments that fit the schema: the demo command for shells, else the least that is allowed. */
export function argumentsFor(parameters: JsonObject): JsonObject {
  const properties = objectOf(parameters['properties']);
  if ('cmd' in properties) return { cmd: 'echo tool-ran' };
  if ('command' in properties) {
    const isList = objectOf(properties['command'])['type'] === 'array';
    return { command: isList ? ['bash', '-lc', 'echo tool-ran'] : 'echo tool-ran' };
  }
  return objectOf(smallestFor(parameters));
}

/** @returns the smallest value that a JSON schema allows, as far as type, enum, const, required and `anyOf` say. */
export function smallestFor(schema: JsonObject, root: JsonObject = schema): unknown {
  const pointer = stringOf(schema['$ref']);
  if (pointer !== undefined) return smallestFor(resolve(pointer, root), root);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const variants = objectsOf(schema['anyOf'] ?? schema['oneOf']);
  if (variants[0] !== undefined) return smallestFor(variants[0], root);
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  return smallestOfType(type, schema, root);
}

function resolve(pointer: string, root: JsonObject): JsonObject {
  const path = pointer.replace(/^#\/?/, '').split('/');
  return path.filter((part) => part !== '').reduce((at, part) => objectOf(at[part]), root);
}

function smallestOfType(type: unknown, schema: JsonObject, root: JsonObject): unknown {
  switch (type) {
    case 'string':
      return 'simulated';
    case 'number':
    case 'integer':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () =>
        smallestFor(objectOf(schema['items']), root),
      );
    default:
      return smallestObject(schema, root);
  }
}

function smallestObject(schema: JsonObject, root: JsonObject): JsonObject {
  const properties = objectOf(schema['properties']);
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  return Object.fromEntries(required.map((name) => [name, smallestFor(objectOf(properties[name]), root)]));
}
