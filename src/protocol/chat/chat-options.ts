import { invalidRequest } from '../../kernel/errors';
import { type JsonObject } from '../canonical/canonical-request';
import {
  isJsonObject,
  optionalChoice,
  optionalFlag,
  optionalObject,
  optionalText,
  requireObject,
  requireText,
} from '../json-guards';

const maxStops = 4;
/** Characters of one; what may become a stop sequence is kept back from the client meanwhile. */
const longestStop = 1_000;
const efforts = new Set(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra']);
const verbosities = new Set(['low', 'medium', 'high']);
const formatTypes = new Set(['text', 'json_object', 'json_schema']);

/** `stop` as a list: at most 4 strings of at most 1 000 characters, none empty. @throws {GatewayError} 400. */
export function stopSequences(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? (value as unknown[]) : [value];
  if (list.length > maxStops) throw invalidRequest(`'stop' takes at most ${maxStops} sequences.`, 'stop');
  return list.map(stopSequence);
}

function stopSequence(value: unknown): string {
  const sequence = requireText(value, 'stop');
  if (sequence.length <= longestStop) return sequence;
  throw invalidRequest(`'stop' takes sequences of at most ${longestStop} characters.`, 'stop', 'string_too_long');
}

/** @throws {GatewayError} 400 for anything but one choice: the upstream makes one answer a call. */
export function assertSingleChoice(n: unknown): void {
  if (n === undefined || n === null || n === 1) return;
  throw invalidRequest(
    "'n' must be 1: this gateway gives one choice for a request. Send the request again for more.",
    'n',
  );
}

/** `stream_options.include_usage`. @throws {GatewayError} 400 when it is no flag. */
export function wantsUsage(streamOptions: unknown): boolean {
  const options = optionalObject(streamOptions, 'stream_options');
  return optionalFlag(options?.['include_usage'], 'stream_options.include_usage') ?? false;
}

/** Both of its fields: `reasoning_effort` goes first, and `reasoning` says what it leaves open. @throws {GatewayError} 400 naming the field. */
export function reasoningFrom(named: unknown, whole: unknown): JsonObject | undefined {
  const first = reasoningOf(named, 'reasoning_effort');
  const second = reasoningOf(whole, 'reasoning');
  if (first === undefined || second === undefined) return first ?? second;
  const { summary } = isJsonObject(named) && typeof named['summary'] === 'string' ? first : second;
  return { ...second, ...first, summary };
}

/**
 * `reasoning_effort`, a word or LiteLLM's `{effort, summary}`, as Responses reasoning. The summary is asked for, or
 * there would be nothing to tell as `reasoning_content`.
 * @throws {GatewayError} 400 naming the field.
 */
function reasoningOf(value: unknown, field: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) return { effort: optionalChoice(value, field, efforts), summary: 'auto' };
  const effort = optionalChoice(value['effort'], `${field}.effort`, efforts);
  const summary = optionalText(value['summary'], `${field}.summary`) ?? 'auto';
  return effort === undefined ? { summary } : { effort, summary };
}

/** `response_format` and `verbosity` as the Responses `text` field. @throws {GatewayError} 400 naming the field. */
export function textOf(responseFormat: unknown, verbosity: unknown): JsonObject | undefined {
  const text: JsonObject = {};
  const format = formatOf(optionalObject(responseFormat, 'response_format'));
  if (format !== undefined) text['format'] = format;
  const level = optionalChoice(verbosity, 'verbosity', verbosities);
  if (level !== undefined) text['verbosity'] = level;
  return format === undefined && level === undefined ? undefined : text;
}

function formatOf(format: JsonObject | undefined): JsonObject | undefined {
  if (format === undefined) return undefined;
  const type = optionalChoice(requireText(format['type'], 'response_format.type'), 'response_format.type', formatTypes);
  if (type === 'text') return undefined;
  return type === 'json_object'
    ? { type }
    : schemaFormat(requireObject(format['json_schema'], 'response_format.json_schema'));
}

function schemaFormat(given: JsonObject): JsonObject {
  const path = 'response_format.json_schema';
  const strict = optionalFlag(given['strict'], `${path}.strict`);
  const description = optionalText(given['description'], `${path}.description`);
  return {
    type: 'json_schema',
    name: requireText(given['name'], `${path}.name`),
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
    schema: requireObject(given['schema'], `${path}.schema`),
  };
}
