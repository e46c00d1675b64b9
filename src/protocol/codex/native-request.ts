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
 * The bytes go on as they came, so that the model, by which they are routed and paid for, must not be one name here and
 * another upstream. Nothing is decided by the other fields.
 *
 * @param bytes what `body` was parsed from.
 * @throws {GatewayError} 400 when the body is no object, or names no model or two.
 */
export function readNativeRequest(body: unknown, bytes: Buffer): NativeReading {
  const fields = requireObject(body, 'body');
  if (repeatsKey(bytes, 'model')) throw invalidRequest("'model' is given more than once.", 'model', 'duplicate_key');
  return {
    model: requireModelName(fields['model']),
    stream: optionalFlag(fields['stream'], 'stream') ?? false,
    compactionTrigger: endsInTrigger(fields['input']),
    serviceTier: typeof fields['service_tier'] === 'string' ? fields['service_tier'] : undefined,
  };
}

function endsInTrigger(input: unknown): boolean {
  if (!Array.isArray(input)) return false;
  const last: unknown = input[input.length - 1];
  return isJsonObject(last) && last['type'] === 'compaction_trigger';
}
