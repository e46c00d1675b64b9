import { invalidRequest } from '../kernel/errors';
import { type JsonObject } from '../protocol/canonical/canonical-request';
import { isJsonObject } from '../protocol/json-guards';
import { type NativeRequest } from './upstream';

/**
 * Body of a CLI's request: the bytes as they came, unless the model has another name upstream.
 *
 * @throws {GatewayError} 400 when the model has to be replaced in what is no JSON object.
 */
export function nativeBody({ model, body }: NativeRequest, slug: string): string | Buffer {
  if (model === slug) return body;
  const parsed = parsedObject(body);
  parsed['model'] = slug;
  return JSON.stringify(parsed);
}

function parsedObject(body: Buffer): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw invalidRequest('The request body is not valid JSON.');
  }
  if (!isJsonObject(parsed)) throw invalidRequest('The request body is not a JSON object.');
  return parsed;
}
