import { isAsciiBody, type JsonBody, parseJson } from '../http/body-reader';
import { type ClientRequest } from '../protocol/canonical/canonical-request';

/** A mapped request, and whether the strings of its conversation are wire text. */
export interface MappedRequest {
  readonly client: ClientRequest;
  readonly isWire: boolean;
}

/**
 * Maps a body, as wire text when it came so and nothing that has to be understood is beyond ASCII; else it is decoded and
 * mapped again, which is rare and only slower. A request that cannot be mapped is told so in decoded words.
 *
 * @throws {GatewayError} of `map`.
 */
export function clientRequest(body: JsonBody, map: (json: unknown) => ClientRequest): MappedRequest {
  if (!body.isWire) return { client: map(body.json), isWire: false };
  const client = mappedWire(body, map);
  if (client !== undefined && isReadable(client)) return { client, isWire: true };
  return { client: map(parseJson(body.bytes)), isWire: false };
}

/** Undefined when decoded words could say more than these. */
function mappedWire(body: JsonBody, map: (json: unknown) => ClientRequest): ClientRequest | undefined {
  try {
    return map(body.json);
  } catch (error) {
    if (isAsciiBody(body)) throw error;
    return undefined;
  }
}

/** Everything that is compared, echoed, hashed or named in a header says the same in both forms. */
function isReadable({ canonical, droppedParams, toolNames, chat }: ClientRequest): boolean {
  const words = [canonical.model, canonical.prompt_cache_key ?? '', canonical.service_tier ?? '', ...droppedParams];
  if (toolNames !== undefined) words.push(...toolNames.values());
  if (chat !== undefined) words.push(...chat.stop, ...chat.toolNames.values(), ...chat.customTools);
  return words.every((word) => ascii.test(word));
}

const ascii = /^[\u0000-\u007f]*$/;
