import { isJsonObject, optionalFlag, requireObject, requireText } from '../json-guards';

/** The little we must know of a Codex CLI's own body; everything else in it is forwarded unseen. */
export interface NativeReading {
  readonly model: string;
  readonly stream: boolean;
  /** The CLI asks for its history to be compacted, which only a Codex upstream can do. */
  readonly compactionTrigger: boolean;
}

/** @throws {GatewayError} 400 when the body is no object or names no model. */
export function readNativeRequest(body: unknown): NativeReading {
  const fields = requireObject(body, 'body');
  return {
    model: requireText(fields['model'], 'model'),
    stream: optionalFlag(fields['stream'], 'stream') ?? false,
    compactionTrigger: endsInTrigger(fields['input']),
  };
}

function endsInTrigger(input: unknown): boolean {
  if (!Array.isArray(input)) return false;
  const last: unknown = input[input.length - 1];
  return isJsonObject(last) && last['type'] === 'compaction_trigger';
}
