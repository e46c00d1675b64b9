import { invalidRequest } from '../kernel/errors';
import { type JsonObject } from './canonical/canonical-request';
import { isJsonObject, optionalFlag, optionalObject, optionalText, requireArray } from './json-guards';
import { type MappingOptions } from './mapping-options';

/** Bounds of a number that only some upstreams take. */
interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly integer?: true;
}

const cap: NumberRange = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };
const penalty: NumberRange = { min: -2, max: 2 };

const numbers: ReadonlyMap<string, NumberRange> = new Map([
  ['max_tokens', cap],
  ['max_completion_tokens', cap],
  ['max_output_tokens', cap],
  ['max_tool_calls', cap],
  ['temperature', { min: 0, max: 2 }],
  ['top_p', { min: 0, max: 1 }],
  ['presence_penalty', penalty],
  ['frequency_penalty', penalty],
  ['seed', { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, integer: true }],
  ['top_logprobs', { min: 0, max: 20, integer: true }],
]);
const texts = new Set(['user', 'safety_identifier', 'truncation', 'prompt_cache_retention', 'previous_response_id']);
const objects = new Set(['logit_bias', 'prediction', 'audio', 'prompt_cache_options']);
const verbatim = new Set(['conversation', 'prompt', 'context_management', 'moderation']);

/** Body extras of LiteLLM clients that the gateway itself understands or that mean nothing here: accepted without a word. */
const gatewayFields = new Set([
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'disable_fallbacks',
  'num_retries',
  'max_retries',
  'timeout',
  'stream_timeout',
  'cache',
  'caching',
  'tags',
  'guardrails',
  'priority',
  'session_id',
  'trace_id',
  'no-log',
  'drop_params',
  'additional_drop_params',
  'allowed_openai_params',
]);

/** Longest list of dropped fields that a header should carry. */
const maxListed = 32;

/**
 * Sorts the fields that the canonical request has no place for: kept for hosts that take them (`sampling`, in the
 * client's own spelling), swallowed, or dropped and listed.
 */
export class UnservedFields {
  private readonly sampling: JsonObject = {};
  private readonly dropped = new Set<string>();
  private hasSampling = false;

  /** @param unanswered fields that hosts take, but for whose effect the dialect's answers have no place. */
  constructor(
    private readonly options: Pick<MappingOptions, 'dropParams'>,
    private readonly unanswered: ReadonlySet<string> = new Set(),
  ) {}

  /** @throws {GatewayError} 400 for a value of the wrong kind, and for an unknown field when `drop_params` is false. */
  take(name: string, value: unknown): void {
    if (value === null || value === undefined) return;
    if (this.takeForHosts(name, value) || isGatewayField(name)) return;
    this.drop(name);
  }

  /** Lists a field that is understood but never honoured. */
  note(name: string): void {
    this.dropped.add(name);
  }

  /** Fields for the canonical request; an empty object when there are none. */
  samplingField(): { readonly sampling?: JsonObject } {
    return this.hasSampling ? { sampling: this.sampling } : {};
  }

  /** Sorted names. */
  list(): readonly string[] {
    return [...this.dropped].sort().slice(0, maxListed);
  }

  private drop(name: string): void {
    const shown = shownName(name);
    if (!this.options.dropParams) {
      throw invalidRequest(
        `Unsupported parameter: '${shown}'. Leave it out, or ask the operator to set drop_params: true.`,
        shown,
        'unsupported_parameter',
      );
    }
    this.dropped.add(shown);
  }

  /** @returns false when the field is not of this family. */
  private takeForHosts(name: string, value: unknown): boolean {
    const range = numbers.get(name);
    if (range !== undefined) return this.keep(name, numberWithin(value, range, name));
    if (texts.has(name)) return this.keep(name, optionalText(value, name));
    if (objects.has(name)) return this.keep(name, optionalObject(value, name));
    if (verbatim.has(name)) return this.keep(name, value);
    return this.takeSpecial(name, value);
  }

  private takeSpecial(name: string, value: unknown): boolean {
    switch (name) {
      case 'logprobs':
        return value === false || this.keep(name, value);
      case 'modalities':
        return asksForTextOnly(requireArray(value, name)) || this.keep(name, value);
      case 'metadata':
        // Objects inside are LiteLLM's own (tags, spend_logs_metadata); OpenAI's metadata is flat text.
        return !isFlatText(value) || this.keep(name, value);
      default:
        return false;
    }
  }

  private keep(name: string, value: unknown): true {
    if (this.unanswered.has(name)) {
      this.drop(name);
      return true;
    }
    this.sampling[name] = value;
    this.hasSampling = true;
    return true;
  }
}

/**
 * Sorts all fields of a request that are not `served` by name; `store` is understood everywhere and honoured nowhere.
 * @param unanswered see `UnservedFields`. @throws {GatewayError} 400 as `UnservedFields.take`.
 */
export function unservedOf(
  fields: JsonObject,
  served: ReadonlySet<string>,
  options: Pick<MappingOptions, 'dropParams'>,
  unanswered?: ReadonlySet<string>,
): UnservedFields {
  const unserved = new UnservedFields(options, unanswered);
  for (const name of Object.keys(fields)) {
    if (!served.has(name)) unserved.take(name, fields[name]);
  }
  if (optionalFlag(fields['store'], 'store') === true) unserved.note('store');
  return unserved;
}

/** A name that the client chose, as headers, messages and metrics may show it. */
export function shownName(name: string): string {
  return /^[\w.-]{1,64}$/.test(name) ? name : 'unnamed_field';
}

function isGatewayField(name: string): boolean {
  return gatewayFields.has(name) || name.startsWith('litellm_') || name.startsWith('mock_');
}

function numberWithin(value: unknown, range: NumberRange, name: string): number {
  const fits = typeof value === 'number' && value >= range.min && value <= range.max;
  if (fits && (range.integer === undefined || Number.isInteger(value))) return value;
  const kind = range.integer === undefined ? 'a number' : 'an integer';
  const bounds = range === cap ? 'of at least 1' : `between ${range.min} and ${range.max}`;
  throw invalidRequest(`'${name}' must be ${kind} ${bounds}.`, name);
}

function asksForTextOnly(modalities: readonly unknown[]): boolean {
  return modalities.every((modality) => modality === 'text');
}

function isFlatText(value: unknown): boolean {
  return isJsonObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
}
