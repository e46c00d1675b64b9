import { type InputItem, type JsonObject } from '../canonical/canonical-request';
import { isJsonObject } from '../json-guards';

/** Items whose `id` may be left out. The backend stores nothing, so it looks an id up and refuses the ones it cannot find. */
const idOptional = new Set([
  'message',
  'reasoning',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'tool_search_call',
  'tool_search_output',
  'local_shell_call',
  'web_search_call',
  'additional_tools',
]);

/**
 * Input items as the Codex backend takes them: no `system` role, no ids it would look up, no reasoning that lost its
 * encrypted content, and no image detail on the lite profile. Untouched items travel by reference.
 */
export function codexInput(items: readonly InputItem[], profile: 'ordinary' | 'lite'): InputItem[] {
  const input: InputItem[] = [];
  for (const item of items) {
    const sealed = typeof item['encrypted_content'] === 'string';
    if (item.type === 'reasoning' && !sealed) continue;
    const plain = profile === 'lite' ? withoutImageDetail(item) : item;
    const looseId = !sealed && item['id'] !== undefined && idOptional.has(item.type);
    const isSystem = item.type === 'message' && item['role'] === 'system';
    input.push(looseId || isSystem ? rewritten(plain, { looseId, isSystem }) : plain);
  }
  return input;
}

function rewritten(item: InputItem, change: { readonly looseId: boolean; readonly isSystem: boolean }): InputItem {
  const copy = { ...item };
  if (change.looseId) delete copy['id'];
  if (change.isSystem) copy['role'] = 'developer';
  return copy;
}

function withoutImageDetail(item: InputItem): InputItem {
  const field = item.type === 'message' ? 'content' : 'output';
  const parts = item[field];
  if (!Array.isArray(parts) || !parts.some(hasDetail)) return item;
  return { ...item, [field]: parts.map((part: unknown) => (hasDetail(part) ? dropDetail(part) : part)) };
}

function hasDetail(part: unknown): part is JsonObject {
  return isJsonObject(part) && part['type'] === 'input_image' && part['detail'] !== undefined;
}

function dropDetail(part: JsonObject): JsonObject {
  const copy = { ...part };
  delete copy['detail'];
  return copy;
}
