import { type JsonObject } from '../canonical/canonical-request';
import { asObject, asString, parsedObject } from '../canonical/parsed-event';
import { encodeWire } from '../wire/wire-text';

/** What an upstream said about a failure, in one shape for all its envelopes. */
export interface UpstreamWords {
  /** Machine names, lower case: `error.code` and `error.type`, in this order. */
  readonly names: readonly string[];
  /** Cleaned, at most 500 characters; undefined when there is nothing fit for a reader. */
  readonly message: string | undefined;
  readonly param: string | undefined;
  /** Unix milliseconds at which the limit is free again, if given. */
  readonly resetAtMs: number | undefined;
  /** Milliseconds until then, if given that way or inside the sentence. */
  readonly resetInMs: number | undefined;
}

const messageLimit = 500;
const secrets =
  /\bBearer\s+\S+|\bsk-[\w-]{8,}|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|\borg-\w{6,}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;

/** Reads the body of an HTTP answer; anything but a JSON object has no words. */
export function wordsOfBody(bodyText: string): UpstreamWords {
  return wordsOf(parsedObject(encodeWire(bodyText)) ?? {});
}

/**
 * Reads an envelope: `{error: {…}}`, `{error: "…"}`, `{detail: "…" | {code} | [{msg}]}`, `{code, message}`,
 * or `{response: {error: {…}}}` of a failed event.
 */
export function wordsOf(envelope: JsonObject): UpstreamWords {
  const error = asObject(asObject(envelope['response'])?.['error']) ?? asObject(envelope['error']);
  const detail = asObject(envelope['detail']);
  const source = error ?? detail ?? flat(envelope);
  const said = asString(source['message']) ?? sentenceOf(envelope);
  const resetAt = seconds(source['resets_at']);
  const resetIn = seconds(source['resets_in_seconds']) ?? waitInText(said ?? '');
  return {
    names: [source['code'], source['type']].flatMap((name) => (typeof name === 'string' ? [name.toLowerCase()] : [])),
    message: said === undefined ? undefined : cleanMessage(said),
    param: asString(source['param']),
    resetAtMs: resetAt,
    resetInMs: resetIn,
  };
}

/** `type` of an event is no machine name of an error, so only these three are taken from the top level. */
function flat(envelope: JsonObject): JsonObject {
  return { code: envelope['code'], message: envelope['message'], param: envelope['param'] };
}

function sentenceOf(envelope: JsonObject): string | undefined {
  const detail = envelope['detail'];
  if (!Array.isArray(detail)) return asString(detail) ?? asString(envelope['error']);
  const sentences = detail.flatMap((entry: unknown) => asString(asObject(entry)?.['msg']) ?? []);
  return sentences.length === 0 ? undefined : sentences.join('; ');
}

/** Seconds as a number or numeric string → milliseconds. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? Math.ceil(number * 1000) : undefined;
}

/** Milliseconds named by "try again in 1.5s", "in 20ms", "in 1m30s", "in 2 hours"; undefined when there is no such phrase. */
function waitInText(text: string): number | undefined {
  const phrase = /(?:try again|retry)(?: after| in)\s+((?:[\d.]+\s*[a-z]+[\s,]*(?:and\s+)?){1,4})/i.exec(text)?.[1];
  if (phrase === undefined) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of phrase.matchAll(/([\d.]+)\s*([a-z]+)/gi)) {
    const factor = unitMs(unit.toLowerCase());
    if (factor === undefined || !Number.isFinite(Number(amount))) break;
    total += Number(amount) * factor;
  }
  return total > 0 ? Math.ceil(total) : undefined;
}

function unitMs(unit: string): number | undefined {
  if (unit === 'ms' || unit.startsWith('milli')) return 1;
  if (unit === 's' || unit.startsWith('sec')) return 1_000;
  if (unit === 'm' || unit.startsWith('min')) return 60_000;
  if (unit === 'h' || unit === 'hr' || unit.startsWith('hour')) return 3_600_000;
  return unit === 'd' || unit.startsWith('day') ? 86_400_000 : undefined;
}

/** One line, no markup, nothing that looks like a credential, an organisation or an address. */
function cleanMessage(text: string): string | undefined {
  if (/<\/?[a-z!][^>]*>/i.test(text)) return undefined;
  const line = text
    .slice(0, 4 * messageLimit)
    .replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ')
    .replace(secrets, '[redacted]')
    .trim();
  if (line === '') return undefined;
  return line.length <= messageLimit ? line : `${line.slice(0, messageLimit - 3)}...`;
}
