/** How long a browser may remember what it was allowed, seconds; most forget earlier. */
const rememberedSeconds = 7_200;

/** What browsers are told, in the words of `@fastify/cors`. */
export interface CorsOptions {
  readonly origin: '*' | string[];
  readonly methods: string[];
  readonly exposedHeaders: string[];
  readonly maxAge: number;
}

/**
 * Pages of these origins may send what any client sends; no cookie is ever looked at, so none is asked for.
 *
 * @param origins as of the settings, at least one.
 */
export function corsOptions(origins: readonly string[]): CorsOptions {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['*'],
    maxAge: rememberedSeconds,
  };
}
