import { type CanonicalRequest, type InputItem, type JsonObject } from '../canonical/canonical-request';
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

const breakpoint = 'prompt_cache_breakpoint';

/**
 * A request without marks for the prompt cache, which the backend refuses to read and sets by itself; the same one when it has
 * none.
 */
export function withoutBreakpoints(request: CanonicalRequest): CanonicalRequest {
  if (!request.input.some((item) => partsOf(item).some(isMarked))) return request;
  return { ...request, input: request.input.map((item) => withoutMember(item, isMarked, breakpoint)) };
}

function isMarked(part: unknown): part is JsonObject {
  return isJsonObject(part) && part[breakpoint] !== undefined;
}

function rewritten(item: InputItem, change: { readonly looseId: boolean; readonly isSystem: boolean }): InputItem {
  const copy = { ...item };
  if (change.looseId) delete copy['id'];
  if (change.isSystem) copy['role'] = 'developer';
  return copy;
}

function withoutImageDetail(item: InputItem): InputItem {
  return withoutMember(item, hasDetail, 'detail');
}

function hasDetail(part: unknown): part is JsonObject {
  return isJsonObject(part) && part['type'] === 'input_image' && part['detail'] !== undefined;
}

function partsOf(item: InputItem): readonly unknown[] {
  const parts = item[partsField(item)];
  return Array.isArray(parts) ? (parts as readonly unknown[]) : noParts;
}

const noParts: readonly unknown[] = [];

function partsField({ type }: InputItem): 'content' | 'output' {
  return type === 'message' ? 'content' : 'output';
}

/** The item with a member of some of its parts left out; the same item when none of them has it. */
function withoutMember(item: InputItem, has: (part: unknown) => part is JsonObject, member: string): InputItem {
  const parts = partsOf(item);
  if (!parts.some(has)) return item;
  return { ...item, [partsField(item)]: parts.map((part) => (has(part) ? without(part, member) : part)) };
}

function without(part: JsonObject, member: string): JsonObject {
  const copy = { ...part };
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- own key of an object made just above
  delete copy[member];
  return copy;
}
