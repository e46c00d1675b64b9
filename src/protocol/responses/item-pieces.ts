import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString } from '../canonical/parsed-event';

/** An event of a stream, but for its number. */
type Piece = JsonObject & { readonly type: string };
/** Which item the events are of: `item_id`, `output_index`. */
type Place = JsonObject;

/** Kinds of calls → the field that holds what the model wrote, and the events that tell it. */
const calls: ReadonlyMap<unknown, readonly [field: string, stem: string]> = new Map([
  ['function_call', ['arguments', 'response.function_call_arguments']],
  ['custom_tool_call', ['input', 'response.custom_tool_call_input']],
]);

/** Kinds of parts → the same. */
const parts: ReadonlyMap<unknown, readonly [field: string, stem: string]> = new Map([
  ['output_text', ['text', 'response.output_text']],
  ['refusal', ['refusal', 'response.refusal']],
  ['reasoning_text', ['text', 'response.reasoning_text']],
]);

/**
 * What a stream tells of an item between its beginning and its end, from the finished item. Several libraries (LangChain,
 * the AI SDK, Pydantic AI) read texts and arguments from these events only. @returns none for items that have no pieces.
 */
export function piecesOf(item: JsonObject, place: Place): readonly Piece[] {
  const call = calls.get(item['type']);
  if (call !== undefined) return callPieces(item, call, place);
  const summary = objectsIn(item['summary']).flatMap((part, at) =>
    summaryPieces(part, { ...place, summary_index: at }),
  );
  const content = objectsIn(item['content']).flatMap((part, at) =>
    contentPieces(part, { ...place, content_index: at }),
  );
  return [...summary, ...content];
}

function callPieces(item: JsonObject, [field, stem]: readonly [string, string], place: Place): readonly Piece[] {
  const said = asString(item[field]) ?? '';
  if (said === '') return [];
  const named = field === 'arguments' ? { name: item['name'] } : {};
  return [
    { type: `${stem}.delta`, ...place, delta: said },
    { type: `${stem}.done`, ...place, ...named, [field]: said },
  ];
}

function summaryPieces(part: JsonObject, place: Place): readonly Piece[] {
  const text = asString(part['text']) ?? '';
  return [
    { type: 'response.reasoning_summary_part.added', ...place, part: { ...part, text: '' } },
    ...(text === '' ? [] : [{ type: 'response.reasoning_summary_text.delta', ...place, delta: text }]),
    { type: 'response.reasoning_summary_text.done', ...place, text },
    { type: 'response.reasoning_summary_part.done', ...place, part },
  ];
}

function contentPieces(given: JsonObject, place: Place): readonly Piece[] {
  const kind = parts.get(given['type']);
  if (kind === undefined) return [];
  const [field, stem] = kind;
  const said = asString(given[field]) ?? '';
  const isText = given['type'] === 'output_text';
  const part = isText ? { ...noLists, ...given } : given;
  const logprobs = isText ? { logprobs: part['logprobs'] } : {};
  const blank = { ...part, [field]: '', ...emptied(part, 'annotations'), ...emptied(part, 'logprobs') };
  return [
    { type: 'response.content_part.added', ...place, part: blank },
    ...(said === '' ? [] : [{ type: `${stem}.delta`, ...place, delta: said, ...logprobs }]),
    ...objectsIn(part['annotations']).map((annotation, at) => ({
      type: 'response.output_text.annotation.added',
      ...place,
      annotation_index: at,
      annotation,
    })),
    { type: `${stem}.done`, ...place, [field]: said, ...logprobs },
    { type: 'response.content_part.done', ...place, part },
  ];
}

/** Clients are promised both in all that is told of a text. */
const noLists: JsonObject = { annotations: [], logprobs: [] };

function emptied(part: JsonObject, field: string): JsonObject {
  return Array.isArray(part[field]) ? { [field]: [] } : {};
}

function objectsIn(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).map(asObject).filter((entry) => entry !== undefined);
}
