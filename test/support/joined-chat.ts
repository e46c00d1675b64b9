import { framesOf } from './answer-fixtures';

type Json = Record<string, unknown>;

/** What one chunk adds to the message. */
export interface Delta {
  role?: string;
  content?: string | null;
  reasoning_content?: string;
  refusal?: string;
  annotations?: Json[];
  function_call?: { name?: string; arguments: string };
  tool_calls?: {
    index: number;
    id?: string;
    type?: string;
    function?: { name?: string; arguments: string };
    custom?: { name?: string; input: string };
  }[];
}

/** One `chat.completion.chunk`. */
export interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  service_tier?: string;
  usage?: Json | null;
  choices: { index: number; delta: Delta; finish_reason: string | null }[];
}

/** The chunks of a stream that must end with `[DONE]`. */
export function chunksOf(wire: string): Chunk[] {
  const frames = framesOf(wire).map(({ json }) => json);
  expect(frames.pop()).toBe('[DONE]');
  return frames as Chunk[];
}

/** Joins a chat stream the way the OpenAI SDKs do: strings grow, tool calls by their index. */
export function joined(wire: string): Json {
  return joinedChunks(chunksOf(wire));
}

/** The same from chunks that an SDK has read. */
export function joinedChunks(chunks: readonly Chunk[]): Json {
  const message: Json & { tool_calls?: Json[] } = { refusal: null };
  let finishReason: string | null = null;
  for (const choice of chunks.flatMap(({ choices }) => choices)) {
    finishReason = choice.finish_reason ?? finishReason;
    merge(message, choice.delta as Json);
  }
  for (const call of message.tool_calls ?? []) delete call['index'];
  const [first] = chunks;
  const last = chunks.at(-1);
  return {
    id: first?.id,
    object: 'chat.completion',
    created: first?.created,
    model: first?.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage: last?.usage,
    ...(last?.service_tier === undefined ? {} : { service_tier: last.service_tier }),
  };
}

function merge(target: Json, delta: Json): void {
  for (const [key, value] of Object.entries(delta)) {
    const fixed = key === 'type' || key === 'id' || key === 'index';
    target[key] = fixed ? value : merged(target[key], value);
  }
}

function merged(known: unknown, value: unknown): unknown {
  if (typeof known === 'string' && typeof value === 'string') return known + value;
  // An SDK cannot put a second list of entries without an index to the first.
  if (Array.isArray(value) && (value as Json[]).every(({ index }) => index === undefined)) {
    expect(known).toBeUndefined();
    return value;
  }
  if (Array.isArray(value)) return mergeCalls((known ?? []) as Json[], value as Json[]);
  if (typeof value !== 'object' || value === null) return value;
  const target = { ...(known as Json | undefined) };
  merge(target, value as Json);
  return target;
}

function mergeCalls(known: Json[], pieces: readonly Json[]): Json[] {
  for (const piece of pieces) {
    const at = piece['index'] as number;
    expect(at).toBeLessThanOrEqual(known.length);
    const call = (known[at] ??= {});
    merge(call, piece);
  }
  return known;
}
