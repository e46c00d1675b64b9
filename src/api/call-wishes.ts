import { type IncomingHttpHeaders } from 'node:http';
import { type JsonBody, parseJson } from '../http/body-reader';
import { type ClientRequest } from '../protocol/canonical/canonical-request';
import { invalidRequest } from '../kernel/errors';
import { isJsonObject } from '../protocol/json-guards';
import { readWishes, wishFieldsOf } from '../protocol/request-wishes';
import { valueFromWire } from '../protocol/wire/wire-json';
import { type CallWishes } from '../serving/call';

/** Of a request whose fallbacks bring fields of their own. */
const mostBytes = 1_024 * 1_024;
const mostFields = 1_000;

/**
 * What a request says about its own routing. A fallback that brings fields of its own is the same body with those fields
 * laid over it, mapped as a body of its own.
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
  const hasOwnFields = fallbacks.some(({ changes }) => changes !== undefined);
  const own = hasOwnFields ? ownFields(body) : {};
  const targets = fallbacks.map(({ model, changes }) =>
    changes === undefined ? { model } : { model, client: map({ ...own, ...changes, model, fallbacks: undefined }) },
  );
  return { ...wishes, fallbacks: targets };
}

/** What is mapped once more for each fallback, before anybody knows whether the call is let in: that has to be cheap. */
function ownFields({ bytes }: JsonBody): Readonly<Record<string, unknown>> {
  const json = bytes.length > mostBytes ? undefined : parseJson(bytes);
  if (json === undefined || (isJsonObject(json) && Object.keys(json).length > mostFields))
    throw invalidRequest(
      `'fallbacks' may bring fields of their own in requests of at most ${mostBytes / 1_024} KiB and ${mostFields} fields; name the models alone in larger ones.`,
      'fallbacks',
    );
  return isJsonObject(json) ? json : {};
}
