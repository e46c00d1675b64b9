import { invalidRequest } from '../kernel/errors';
import { isJsonObject } from '../protocol/json-guards';

/** No client sends a hundred. Each is looked at, and named to the client when it is left out. */
const mostFields = 10_000;

/**
 * Refuses a body whose own fields alone would take long to read: that is done before any limit of the key is asked.
 *
 * @throws {GatewayError} 400 that names the limit.
 */
export function assertFewFields(body: unknown): void {
  if (!isJsonObject(body) || Object.keys(body).length <= mostFields) return;
  throw invalidRequest(
    `The request body has more than ${mostFields} fields at its top level. Leave out those that the API does not know, or put your own data into 'metadata'.`,
    undefined,
    'too_many_fields',
  );
}
