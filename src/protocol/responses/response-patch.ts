import { dollarsFromNanos } from '../../kernel/money';
import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString } from '../canonical/parsed-event';

/** What both tellers of a Responses answer need to know of the question. */
export interface ResponsesAnswerOptions {
  /** Name as the client asked for it; echoed in `response.model`. */
  readonly model: string;
  /** Seed of a response id, should the answer fail before upstream gave one. */
  readonly fallbackId: string;
  /** Unix seconds that stand in when upstream does not say when it answered. */
  readonly nowSeconds: number;
  /** Short tool name that went upstream → the client's own; only the shortened ones. */
  readonly toolNames?: ReadonlyMap<string, string>;
  /** The client is a Codex CLI: failures get the codes that it stops at. */
  readonly isCodexCli?: boolean;
  /** Asked for at the end of a stream that shows its cost; nano-dollars, undefined when nobody knows. */
  readonly costNanos?: () => number | undefined;
}

const noNames: ReadonlyMap<string, string> = new Map();

/**
 * A response object as the client may see it: the model under the name it asked for, its own tool names, and none of the
 * upstream's headers, from which a CLI concludes that its account was rerouted. A new object; `response` stays as it is.
 */
export function shownResponse(response: JsonObject, options: ResponsesAnswerOptions): JsonObject {
  const shown: JsonObject = { ...response };
  delete shown['headers'];
  shown['model'] = options.model;
  const names = options.toolNames ?? noNames;
  if (names.size === 0) return shown;
  if (Array.isArray(shown['tools'])) shown['tools'] = renamedAll(shown['tools'], names);
  if (Array.isArray(shown['output'])) shown['output'] = renamedAll(shown['output'], names);
  const choice = asObject(shown['tool_choice']);
  if (choice !== undefined) shown['tool_choice'] = renamedChoice(choice, names);
  return shown;
}

/** The last response object: as `shownResponse`, with its output and a usage object that strict clients accept. */
export function finalResponse(
  response: JsonObject,
  gathered: () => readonly JsonObject[],
  options: ResponsesAnswerOptions,
): JsonObject {
  const own = response['output'];
  const output = Array.isArray(own) && own.length > 0 ? (own as readonly unknown[]) : gathered();
  const whole: JsonObject = {
    id: `resp_${options.fallbackId}`,
    object: 'response',
    created_at: options.nowSeconds,
    ...response,
    output,
  };
  const usage = asObject(response['usage']);
  if (usage !== undefined) whole['usage'] = { ...wholeUsage(usage), ...costOf(options.costNanos?.()) };
  return shownResponse(whole, options);
}

/** An event about the whole answer, with this response and without headers of the upstream beside it. */
export function eventWith(event: JsonObject | undefined, response: JsonObject): JsonObject {
  const shown: JsonObject = { ...event, response };
  delete shown['headers'];
  return shown;
}

/** An output item with the client's own tool name; the same object when there is nothing to restore. */
export function renamed(item: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const name = names.get(asString(item['name']) ?? '');
  return name === undefined ? item : { ...item, name };
}

/** A choice names one tool, or lists those that are allowed. */
function renamedChoice(choice: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const { tools } = choice;
  return Array.isArray(tools) ? { ...choice, tools: renamedAll(tools, names) } : renamed(choice, names);
}

function renamedAll(entries: readonly unknown[], names: ReadonlyMap<string, string>): unknown[] {
  return entries.map((entry) => {
    const item = asObject(entry);
    return item === undefined ? entry : renamed(item, names);
  });
}

/** Whether a Codex CLI can read it; one that cannot asks for the whole answer five times more. */
export function isWholeUsage(usage: JsonObject): boolean {
  return (
    counts.every((name) => typeof usage[name] === 'number') &&
    hasCounter(usage['input_tokens_details'], 'cached_tokens') &&
    hasCounter(usage['output_tokens_details'], 'reasoning_tokens')
  );
}

const counts = ['input_tokens', 'output_tokens', 'total_tokens'] as const;

function hasCounter(details: unknown, name: string): boolean {
  return details === undefined || details === null || typeof asObject(details)?.[name] === 'number';
}

/** The Codex CLI rejects an answer whose usage lacks the total or whose details lack their counter. */
export function wholeUsage(usage: JsonObject): JsonObject {
  const input = count(usage['input_tokens']);
  const output = count(usage['output_tokens']);
  return {
    ...usage,
    input_tokens: input,
    input_tokens_details: counted(usage['input_tokens_details'], 'cached_tokens'),
    output_tokens: output,
    output_tokens_details: counted(usage['output_tokens_details'], 'reasoning_tokens'),
    total_tokens: typeof usage['total_tokens'] === 'number' ? usage['total_tokens'] : input + output,
  };
}

function counted(details: unknown, name: string): JsonObject {
  const given = asObject(details);
  return typeof given?.[name] === 'number' ? given : { ...given, [name]: 0 };
}

/** LiteLLM's `cost`, as dollars. */
function costOf(nanos: number | undefined): JsonObject {
  return nanos === undefined ? {} : { cost: dollarsFromNanos(nanos) };
}

function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}
