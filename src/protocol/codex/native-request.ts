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
}

/** What decides the way of a request whose bytes go on as they came; `input` does not. */
const decisive = ['model', 'stream'] as const;

/**
 * @param bytes what `body` was parsed from.
 * @throws {GatewayError} 400 when the body is no object, names no model, or says twice what we decide by: the upstream
 * could read the other one.
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
  };
}

function endsInTrigger(input: unknown): boolean {
  if (!Array.isArray(input)) return false;
  const last: unknown = input[input.length - 1];
  return isJsonObject(last) && last['type'] === 'compaction_trigger';
}
