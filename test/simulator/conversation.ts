import { type Answer, type Asked } from './answer';
import { compaction, customToolCall, structured, text, toolCall } from './answers';
import { type JsonObject, objectOf, objectsOf, stringOf } from './json';
import { argumentsFor, favouriteTool, type OfferedTool, offeredTools, smallestFor } from './tools';

/** What the simulator says when there is nothing else to say. */
export const greeting = 'Hello from the simulator, all is well.';

/** What the lite CLI's `exec` tool is given: its input is a program, not JSON. */
const liteProgram = 'const result = await tools.exec_command({ cmd: "echo tool-ran" }); text(result.output);';

/** Answers like a model that can talk, call a tool, report what it gave, see an image, fill a schema and compact. */
export function converse({ body }: Pick<Asked, 'body'>): Answer {
  const items = objectsOf(body['input']);
  const last = items.at(-1) ?? {};
  if (last['type'] === 'compaction_trigger') return compaction();
  const prompt = lastUserParts(items);
  const call = wantedCall(body, last, prompt);
  if (call !== undefined) return call;
  const format = objectOf(objectOf(body['text'])['format']);
  if (format['type'] === 'json_schema') return structured(smallestFor(objectOf(format['schema'])));
  if (format['type'] === 'json_object') return structured({ answer: 'simulated' });
  if (isToolOutput(last)) return text(`The tool answered: ${outputText(last)}`);
  if (prompt.some((part) => part['type'] === 'input_image')) return text('I see an image.');
  return text(greeting);
}

function wantedCall(body: JsonObject, last: JsonObject, prompt: readonly JsonObject[]): Answer | undefined {
  const choice = body['tool_choice'];
  if (choice === 'none' || isToolOutput(last)) return undefined;
  const tools = offeredTools(body);
  const named = stringOf(objectOf(choice)['name']);
  if (named !== undefined) return callOf(tools.find((tool) => tool.name === named));
  const isAsked = prompt.some((part) => stringOf(part['text'])?.includes('use the tool') === true);
  return choice === 'required' || isAsked ? callOf(favouriteTool(tools)) : undefined;
}

function callOf(tool: OfferedTool | undefined): Answer | undefined {
  if (tool === undefined) return undefined;
  // The CLI's own namespace is implied; calls into any other name it.
  const namespace = tool.namespace === 'functions' ? undefined : tool.namespace;
  if (tool.kind === 'custom')
    return customToolCall(tool.name, tool.name === 'exec' ? liteProgram : 'tool-ran', namespace);
  return toolCall(tool.name, argumentsFor(tool.parameters), namespace === undefined ? {} : { namespace });
}

function isToolOutput(item: JsonObject): boolean {
  return item['type'] === 'function_call_output' || item['type'] === 'custom_tool_call_output';
}

function outputText(item: JsonObject): string {
  const { output } = item;
  if (typeof output === 'string') return output.trim();
  return objectsOf(output)
    .map((part) => stringOf(part['text']) ?? '')
    .join(' ')
    .trim();
}

function lastUserParts(items: readonly JsonObject[]): readonly JsonObject[] {
  const message = items.findLast((item) => item['role'] === 'user');
  const content = message?.['content'];
  return typeof content === 'string' ? [{ type: 'input_text', text: content }] : objectsOf(content);
}
