import { type FastifyRequest } from 'fastify';
import { callContextOf } from '../../http/call-context';
import { authenticationFailed } from '../../kernel/errors';
import { type Principal } from '../../kernel/principal';
import { type Parameters } from '../../reports/rows/spend-log-filter';
import { type Sight, sightOf } from '../../reports/sight';

/** Who asks. The key guard lets nobody through without a principal. @throws {GatewayError} 401 if it did. */
export function callerOf(request: FastifyRequest): Principal {
  const { principal } = callContextOf(request);
  if (principal === undefined) throw authenticationFailed('Authentication Error, No api key passed in.');
  return principal;
}

/** What the caller may see. */
export function callerSight(request: FastifyRequest): Sight {
  return sightOf(callerOf(request));
}

/** The query as names and texts: a parameter that is given twice is joined by commas, an empty one counts as absent. */
export function parametersIn(query: unknown): Parameters {
  if (typeof query !== 'object' || query === null) return new Map();
  const entries = Object.entries(query).map(([name, value]): readonly [string, string] => {
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    return [name, parts.filter((part) => typeof part === 'string').join(',')];
  });
  return new Map(entries.filter(([, text]) => text !== ''));
}
