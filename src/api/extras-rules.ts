import { type ExtrasRules } from '../config/limits-settings';
import { invalidRequest } from '../kernel/errors';
import { isJsonObject } from '../protocol/json-guards';
import { type CallExtras } from '../protocol/openai/call-extras';

/** What the operator asks of all requests, at every door. @throws {GatewayError} 400 that names the field and the setting. */
export function assertExtras({ customerId, tags }: CallExtras, { needsCustomer, refusesTags }: ExtrasRules): void {
  if (needsCustomer && customerId === undefined)
    throw invalidRequest(
      "'user' is missing: this gateway asks every request to name its end user, in 'user' or the header x-litellm-customer-id (enforce_user_param).",
      'user',
    );
  if (refusesTags && tags.length > 0)
    throw invalidRequest(
      "'tags' are not taken from requests here: the operator gives them to keys and teams (reject_clientside_metadata_tags).",
      'tags',
    );
}

/** The fields that every request must bring; null is none. @throws {GatewayError} 400 that names the first one that is missing. */
export function assertFields(body: unknown, fields: readonly string[]): void {
  for (const path of fields)
    if (valueAt(body, path) === undefined)
      throw invalidRequest(
        `'${path}' is missing: this gateway asks every request to bring it in its body (enforced_params).`,
        path,
      );
}

function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value ?? undefined;
}
