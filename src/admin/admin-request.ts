import { type FastifyRequest } from 'fastify';
import { readJsonBody } from '../http/body-reader';
import { callContextOf } from '../http/call-context';
import { authenticationFailed, invalidRequest } from '../kernel/errors';
import { type Actor } from '../keys/management/actor';
import { type Sort, type ValueOf } from '../keys/management/whole-list';

/** Bodies of management routes are small; the largest is a new team with all its members. */
const limits = { maxBytes: 1024 * 1024, maxDepth: 32, timeoutMs: 30_000 };
/** Of an import, which brings many documents. */
export const importBytes = 4 * 1024 * 1024;

/** Who asks. @throws {Error} when the key guard did not run: a wiring bug. */
export function actorOf(request: FastifyRequest): Actor {
  const { principal, clientIp, requestId } = callContextOf(request);
  if (principal === undefined) throw authenticationFailed('Authentication Error, No api key passed in.');
  return { principal, via: 'http', clientIp, requestId };
}

/** The JSON body. @throws {GatewayError} 4xx */
export async function bodyOf(request: FastifyRequest, maxBytes = limits.maxBytes): Promise<unknown> {
  return (await readJsonBody(request, { ...limits, maxBytes })).json;
}

/** The JSON body, or an empty object when there is none: some routes say everything in their path. */
export async function optionalBodyOf(request: FastifyRequest): Promise<unknown> {
  const { headers } = request.raw;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody ? bodyOf(request) : {};
}

/** Fields of LiteLLM that were sent and do nothing here, for the answer; nothing when there are none. */
export function ignoredView(ignored: readonly string[]): object {
  return ignored.length === 0 ? {} : { ignored_fields: ignored };
}

/** Query parameters, each once. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One text; empty is absent. @throws {GatewayError} 400 */
export function textIn(query: Query, name: string): string | undefined {
  const value = Object.hasOwn(query, name) ? query[name] : undefined;
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalidRequest(`'${name}' may be given once.`, name);
  return value;
}

/** A list: given several times, or separated by commas. */
export function listIn(query: Query, name: string): readonly string[] {
  const value = Object.hasOwn(query, name) ? query[name] : undefined;
  const all = value === undefined ? [] : typeof value === 'string' ? [value] : value;
  return all
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** A whole number. @throws {GatewayError} 400 */
export function numberIn(
  query: Query,
  name: string,
  { least, most, standard }: { readonly least: number; readonly most: number; readonly standard: number },
): number {
  const text = textIn(query, name);
  if (text === undefined) return standard;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalidRequest(`'${name}' must be a whole number from ${least} to ${most}.`, name);
}

/** True or false. @throws {GatewayError} 400 */
export function flagIn(query: Query, name: string): boolean {
  const text = textIn(query, name)?.toLowerCase() ?? 'false';
  if (['true', '1', 'yes'].includes(text)) return true;
  if (['false', '0', 'no'].includes(text)) return false;
  throw invalidRequest(`'${name}' must be true or false.`, name);
}

/** One of some words. @throws {GatewayError} 400 */
export function wordIn<T extends string>(query: Query, name: string, words: readonly [T, ...T[]]): T {
  const text = textIn(query, name);
  if (text === undefined) return words[0];
  const word = words.find((each) => each === text);
  if (word === undefined) throw invalidRequest(`'${name}' must be one of ${words.join(', ')}.`, name);
  return word;
}

/** By what a list can be sorted, each under its name in `sort_by`. */
export interface Sorts<T> {
  readonly documents: Readonly<Record<string, ValueOf<T>>>;
  /** For `spend`, which no document has. */
  readonly spend: Sort<T>['valuesOf'];
}

/** `sort_by`, one of some names, and `sort_order`, rising unless told otherwise; undefined without `sort_by`. @throws {GatewayError} 400 */
export function sortIn<T>(query: Query, sorts: Sorts<T>): Sort<T> | undefined {
  const order = wordIn(query, 'sort_order', ['asc', 'desc']);
  const valuesOf = sortByIn(query, sorts);
  return valuesOf === undefined ? undefined : { valuesOf, order };
}

/** `sort_by` alone. @throws {GatewayError} 400 */
export function sortByIn<T>(query: Query, { documents, spend }: Sorts<T>): Sort<T>['valuesOf'] | undefined {
  const by = textIn(query, 'sort_by');
  if (by === undefined) return undefined;
  if (by === 'spend') return spend;
  const valueOf = Object.hasOwn(documents, by) ? documents[by] : undefined;
  if (valueOf !== undefined) return () => valueOf;
  throw invalidRequest(`'sort_by' must be one of ${[...Object.keys(documents), 'spend'].join(', ')}.`, 'sort_by');
}
