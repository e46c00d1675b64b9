import { randomBytes } from 'node:crypto';
import { type Answer, type Asked, type Step, type WireEvent, write } from './answer';
import { type JsonObject, objectOf } from './json';

/** Token counts of one answer. */
export interface ScriptedUsage {
  readonly input: number;
  /** Part of `input`. */
  readonly cached: number;
  readonly output: number;
  /** Part of `output`. */
  readonly reasoning: number;
}

/** How an event stream ends. */
export type Terminal =
  | { readonly kind: 'completed'; readonly usage: ScriptedUsage | undefined }
  | { readonly kind: 'incomplete'; readonly reason: string; readonly usage: ScriptedUsage | undefined }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'error'; readonly fields: JsonObject }
  | { readonly kind: 'none' };

/** An output item and the events that build it up; `id` and `output_index` are filled in by the stream. */
export interface ScriptedItem {
  readonly prefix: string;
  readonly events: (id: string, outputIndex: number) => readonly WireEvent[];
  readonly done: (id: string) => JsonObject;
  readonly added: (id: string) => JsonObject;
  /** The item appears only when it is done, as some answers do. */
  readonly doneOnly?: boolean;
}

/** An answer that streams these items and then ends. */
export function eventStream(items: readonly ScriptedItem[], terminal: Terminal): Answer {
  const events = (asked: Asked): readonly WireEvent[] => streamEvents(asked, items, terminal);
  return {
    kind: 'answer',
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    preface: [],
    events,
    steps: (asked) => framesOf([...(asked.metadataFrames ? metadataEvents() : []), ...events(asked)]),
  };
}

/** @returns the writes that put these events on the wire, one write an event. */
function framesOf(events: readonly WireEvent[]): readonly Step[] {
  let sequence = 0;
  return events.flatMap(({ fields, gapMs }): readonly Step[] => {
    const { type, ...rest } = fields;
    const numbered = type.startsWith('codex.') ? {} : { sequence_number: sequence++ };
    const frame = write(`event: ${type}\ndata: ${JSON.stringify({ type, ...numbered, ...rest })}\n\n`);
    return gapMs === undefined || gapMs === 0 ? [frame] : [{ kind: 'wait', ms: gapMs }, frame];
  });
}

/** @returns the padding that real deltas carry; its length varies. */
export function obfuscation(): string {
  return randomBytes(12)
    .toString('base64url')
    .slice(0, 4 + ((randomBytes(1)[0] ?? 0) % 12));
}

function streamEvents(asked: Asked, items: readonly ScriptedItem[], terminal: Terminal): readonly WireEvent[] {
  const response = envelope(asked);
  const placed = items.map((item, index) => ({ item, index, id: `${item.prefix}_${randomBytes(12).toString('hex')}` }));
  const opening: readonly WireEvent[] = [
    { fields: { type: 'response.created', response } },
    { fields: { type: 'response.in_progress', response } },
  ];
  const middle = placed.flatMap(({ item, index, id }): readonly WireEvent[] => [
    ...(item.doneOnly === true ? [] : [itemEvent('response.output_item.added', index, item.added(id))]),
    ...item.events(id, index),
    itemEvent('response.output_item.done', index, item.done(id)),
  ]);
  // Answers of the Codex backend are not stored and come without their items; those of the plain API carry them.
  const output = asked.host === 'openai' ? placed.map(({ item, id }) => item.done(id)) : [];
  return [...opening, ...middle, ...terminalEvents(terminal, response, output)];
}

function itemEvent(type: string, outputIndex: number, item: JsonObject): WireEvent {
  return { fields: { type, output_index: outputIndex, item } };
}

function terminalEvents(terminal: Terminal, response: JsonObject, output: readonly JsonObject[]): readonly WireEvent[] {
  switch (terminal.kind) {
    case 'none':
      return [];
    case 'error':
      return [{ fields: { ...terminal.fields, type: 'error' } }];
    case 'failed': {
      const error = { code: terminal.code, message: terminal.message };
      return [{ fields: { type: 'response.failed', response: { ...response, status: 'failed', error } } }];
    }
    case 'completed':
      return [ended('completed', { ...response, output, usage: usageOf(terminal.usage), service_tier: 'default' })];
    case 'incomplete': {
      const incomplete = { incomplete_details: { reason: terminal.reason }, usage: usageOf(terminal.usage) };
      return [ended('incomplete', { ...response, output, ...incomplete })];
    }
  }
}

function ended(status: 'completed' | 'incomplete', response: JsonObject): WireEvent {
  return { fields: { type: `response.${status}`, response: { ...response, status } } };
}

function usageOf(usage: ScriptedUsage | undefined): JsonObject | null {
  if (usage === undefined) return null;
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}

function envelope({ model, body, host }: Asked): JsonObject {
  const reasoning = objectOf(body['reasoning']);
  return {
    id: `resp_${randomBytes(16).toString('hex')}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    model,
    output: [],
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    prompt_cache_key: body['prompt_cache_key'] ?? null,
    reasoning: { effort: reasoning['effort'] ?? 'medium', summary: reasoning['summary'] ?? null },
    service_tier: body['service_tier'] ?? 'auto',
    store: host === 'openai' && body['store'] !== false,
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    user: null,
    metadata: {},
  };
}

function metadataEvents(): readonly WireEvent[] {
  const now = Math.floor(Date.now() / 1000);
  const window = (used: number, minutes: number, seconds: number): JsonObject => ({
    used_percent: used,
    window_minutes: minutes,
    reset_after_seconds: seconds,
    reset_at: now + seconds,
  });
  const primary = window(12.5, 300, 13_873);
  const secondary = window(29, 10_080, 434_962);
  return [
    {
      fields: {
        type: 'codex.rate_limits',
        plan_type: 'plus',
        rate_limits: { allowed: true, limit_reached: false, primary, secondary },
        code_review_rate_limits: null,
        additional_rate_limits: null,
        credits: null,
      },
    },
    { fields: { type: 'codex.response.metadata', headers: { 'x-codex-safety-buffering-enabled': 'false' } } },
  ];
}
