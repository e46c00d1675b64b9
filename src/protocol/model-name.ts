import { invalidRequest } from '../kernel/errors';
import { isWellFormed } from '../kernel/well-formed';
import { requireText } from './json-guards';

/** Longest name of a model, in characters: names are kept, compared, echoed in headers and written to the log. */
export const longestModelName = 256;

/** `model` of a request, for every dialect. @throws {GatewayError} 400 when it is no name, too long, or no Unicode text. */
export function requireModelName(value: unknown): string {
  const name = requireText(value, 'model');
  if (name.length > longestModelName) {
    throw invalidRequest(`'model' must be at most ${longestModelName} characters long.`, 'model', 'string_too_long');
  }
  if (!isWellFormed(name)) throw invalidRequest("'model' must be valid Unicode text.", 'model');
  return name;
}
