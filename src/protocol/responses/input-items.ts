import { invalidRequest } from '../../kernel/errors';
import { type InputItem, type JsonObject } from '../canonical/canonical-request';
import { assertImageUrl } from '../image-limit';
import { isJsonObject, requireArray, requireObject } from '../json-guards';
import { orphanMessage } from '../orphan-output';
import { type ToolNames, withFittingName } from '../tool-names';

/** How the items of one request are to be read. */
export interface InputReading {
  readonly maxImageBytes: number;
  /** The whole conversation is in the input, so a result without its call is an orphan. */
  readonly selfContained: boolean;
  readonly names: ToolNames;
}

const roles = new Set(['user', 'assistant', 'system', 'developer']);

/**
 * The `input` of a Responses request as items. Items of unknown types pass as they are; known ones are checked only as
 * far as the upstream would refuse them with words that help nobody.
 * @throws {GatewayError} 400 naming the item or part at fault.
 */
export function inputItems(input: unknown, reading: InputReading): readonly InputItem[] {
  if (typeof input === 'string') return [textMessage('user', input)];
  if (!Array.isArray(input))
    throw invalidRequest("'input' must be a string or an array of items.", 'input', 'invalid_type');
  const list: readonly unknown[] = input;
  if (list.length === 0) throw invalidRequest("'input' must not be empty.", 'input', 'empty_array');
  const selfContained = reading.selfContained && !list.some(isReference);
  const reader = new ItemReader({ ...reading, selfContained });
  return list.map((entry, index) => {
    const path = `input[${index}]`;
    return reader.read(requireObject(entry, path), path);
  });
}

class ItemReader {
  private readonly callIds = new Set<string>();

  constructor(private readonly reading: InputReading) {}

  read(item: JsonObject, path: string): InputItem {
    const type = item['type'];
    if (type !== 'item_reference' && isReference(item)) return { ...item, type: 'item_reference' };
    if (type === 'message' || (type === undefined && item['role'] !== undefined)) return this.message(item, path);
    if (typeof type !== 'string' || type === '') {
      throw invalidRequest(`'${path}.type' must name the kind of item.`, `${path}.type`, 'invalid_type');
    }
    const callId = item['call_id'];
    if (typeof callId === 'string') return this.toolItem(item as InputItem, callId, path);
    return item as InputItem;
  }

  private message(item: JsonObject, path: string): InputItem {
    const { role, content } = item;
    if (typeof role !== 'string' || !roles.has(role)) {
      throw invalidRequest(`'${path}.role' must be one of: user, assistant, system, developer.`, `${path}.role`);
    }
    if (typeof content === 'string') return easyMessage(item, textMessage(role, content));
    this.parts(requireArray(content, `${path}.content`), `${path}.content`);
    return item['type'] === 'message' ? (item as InputItem) : { ...item, type: 'message' };
  }

  private toolItem(item: InputItem, callId: string, path: string): InputItem {
    if (item.type.endsWith('_call')) {
      this.callIds.add(callId);
      return withFittingName(item, this.reading.names);
    }
    if (item.type !== 'function_call_output' && item.type !== 'custom_tool_call_output') return item;
    const output = item['output'];
    if (Array.isArray(output)) this.parts(output, `${path}.output`);
    return this.reading.selfContained && !this.callIds.has(callId) ? orphanMessage(callId, output) : item;
  }

  private parts(parts: readonly unknown[], path: string): void {
    for (let index = 0; index < parts.length; index += 1) {
      const at = `${path}[${index}]`;
      const part = requireObject(parts[index], at);
      if (typeof part['type'] !== 'string')
        throw invalidRequest(`'${at}.type' must be a string.`, `${at}.type`, 'invalid_type');
      if (part['type'] === 'input_image' && typeof part['image_url'] === 'string') {
        assertImageUrl(part['image_url'], this.reading.maxImageBytes, at);
      }
    }
  }
}

function textMessage(role: string, text: string): InputItem {
  return { type: 'message', role, content: [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }] };
}

/** Of the easy spelling's other fields the model is told one: whether an earlier answer was its last word. */
function easyMessage({ phase }: JsonObject, message: InputItem): InputItem {
  return typeof phase === 'string' ? { ...message, phase } : message;
}

/** A reference is the one item besides a message that may leave its type out, as it has nothing but an id. */
function isReference(item: unknown): boolean {
  if (!isJsonObject(item)) return false;
  const { type, role, id } = item;
  return type === 'item_reference' || ((type ?? role) === undefined && typeof id === 'string');
}
