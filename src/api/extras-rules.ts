import { type LimitsSettings } from '../config/limits-settings';
import { invalidRequest } from '../kernel/errors';
import { type CallExtras } from '../protocol/openai/call-extras';

/** What the operator asks of all requests, at every door. @throws {GatewayError} 400 that names the field and the setting. */
export function assertExtras(
  { customerId, tags }: CallExtras,
  { needsCustomer, refusesTags }: LimitsSettings['extrasRules'],
): void {
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
