import { invalidRequest } from '../../kernel/errors';
import { isJsonObject, optionalFlag, requireObject } from '../json-guards';
import { repeatsKey } from '../json-scan';
import { requireModelName } from '../model-name';

/** The little we must know of a Codex CLI's own body; everything else in it is forwarded unseen. */
export interface NativeReading {
  readonly model: string;
  readonly stream: boolean;
  /** The CLI asks for its history to be compacted, which only a Codex upstream can do. */
  readonly compactionTrigger: boolean;
  readonly serviceTier: string | undefined;
}

/**
 * The bytes go on as they came, so that the model, by which they are routed and paid for, and what a key's policy looks at
 * must not be one thing here and another upstream. Nothing is decided by the other fields.
 *
 * @param bytes what `body` was parsed from.
 * @throws {GatewayError} 400 when the body is no object, or names no model, or such a field twice.
 */
export function readNativeRequest(body: unknown, bytes: Buffer): NativeReading {
  const fields = requireObject(body, 'body');
  for (const key of decisive) {
    if (repeatsKey(bytes, key)) throw invalidRequest(`'${key}' is given more than once.`, key, 'duplicate_key');
  }
  return {
    model: requireModelName(fields['model']),
    stream: optionalFlag(fields['stream'], 'stream') ?? false,
    compactionTrigger: endsInTrigger(fields['input']),
    serviceTier: typeof fields['service_tier'] === 'string' ? fields['service_tier'] : undefined,
  };
}

/** What is decided by: the model, and what the policy of a key may forbid. */
const decisive = ['model', 'service_tier', 'reasoning'];

function endsInTrigger(input: unknown): boolean {
  if (!Array.isArray(input)) return false;
  const last: unknown = input[input.length - 1];
  return isJsonObject(last) && last['type'] === 'compaction_trigger';
}
