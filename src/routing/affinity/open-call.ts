import { type JsonObject } from '../../protocol/canonical/canonical-request';
import { isJsonObject } from '../../protocol/json-guards';
import { type NativeRequest, type UpstreamCall } from '../../upstream/upstream';
import { kindOf, type SealedItem, tailOf } from './seal-scan';

/** A call without what another account had sealed. */
export interface OpenedCall {
  readonly call: UpstreamCall;
  /** Reasoning items that were left out. */
  readonly dropped: number;
  /** Sealed items that cannot be left out, because they stand for the whole conversation before them. */
  readonly irreplaceable: number;
}

/** Of an account's own: it means nothing to another. */
const turnState = 'x-codex-turn-state';

/**
 * The call as another account can take it: reasoning items that `isForeign` knows by their ciphertext are left out. When
 * something irreplaceable is foreign the call stays as it was. Changes nothing in place.
 */
export function withoutForeign(call: UpstreamCall, isForeign: (sealed: SealedItem) => boolean): OpenedCall {
  if (call.kind === 'native') return nativeWithout(call, isForeign);
  const { kept, dropped, irreplaceable } = sift(call.request.input, isForeign);
  if (dropped === 0 || irreplaceable > 0) return { call, dropped: 0, irreplaceable };
  return { call: { ...call, request: { ...call.request, input: kept } }, dropped, irreplaceable };
}

function nativeWithout(call: NativeRequest, isForeign: (sealed: SealedItem) => boolean): OpenedCall {
  const body = objectIn(call.body);
  const input: unknown = body?.['input'];
  if (body === undefined || !Array.isArray(input)) return { call, dropped: 0, irreplaceable: 0 };
  const { kept, dropped, irreplaceable } = sift(input.filter(isJsonObject), isForeign);
  if (dropped === 0 || irreplaceable > 0) return { call, dropped: 0, irreplaceable };
  const headers = Object.fromEntries(Object.entries(call.headers).filter(([name]) => name !== turnState));
  return {
    call: { ...call, headers, body: Buffer.from(JSON.stringify({ ...body, input: kept })) },
    dropped,
    irreplaceable,
  };
}

function sift<T extends JsonObject>(
  input: readonly T[],
  isForeign: (sealed: SealedItem) => boolean,
): { readonly kept: T[]; readonly dropped: number; readonly irreplaceable: number } {
  const kept: T[] = [];
  let irreplaceable = 0;
  for (const item of input) {
    const text = item['encrypted_content'];
    const isSealed = typeof text === 'string' && text !== '';
    const sealed = isSealed ? { kind: kindOf(item['type']), tail: tailOf(text) } : undefined;
    if (sealed === undefined || !isForeign(sealed)) kept.push(item);
    else if (sealed.kind === 'compaction') irreplaceable += 1;
  }
  return { kept, dropped: input.length - kept.length - irreplaceable, irreplaceable };
}

function objectIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
