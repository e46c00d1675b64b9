import { type IncomingHttpHeaders } from 'node:http';
import { type JsonBody, parseJson } from '../http/body-reader';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { isJsonObject } from '../protocol/json-guards';
import { readWishes, wishFieldsOf } from '../protocol/request-wishes';
import { valueFromWire } from '../protocol/wire/wire-json';
import { type CallWishes } from '../serving/call';

/**
 * What a request says about its own routing. A fallback that brings fields of its own is the same body with those fields
 * laid over it, mapped as any other.
 *
 * @throws {GatewayError} 400 that names the field; also of `map`.
 */
export function callWishes(
  body: JsonBody,
  headers: IncomingHttpHeaders,
  map: (json: unknown) => ClientRequest,
): CallWishes {
  const fields = wishFieldsOf(body.json);
  const decoded = fields === undefined || !body.isWire ? fields : valueFromWire(fields);
  const { fallbacks, ...wishes } = readWishes(decoded, headers);
  if (fallbacks === undefined) return wishes;
  const targets = fallbacks.map(({ model, changes }) => {
    if (changes === undefined) return { model };
    const own = parseJson(body.bytes);
    return { model, client: map({ ...(isJsonObject(own) ? own : {}), ...changes, model, fallbacks: undefined }) };
  });
  return { ...wishes, fallbacks: targets };
}
