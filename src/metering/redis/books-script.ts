import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisLink, type RedisScript } from '../../state/redis/redis-link';
import { headKeys } from '../../state/redis/head-keys';

/** One hash tag for all keys of the books, so that Redis Cluster keeps them together. */
export const booksTag = '{meter}:';

/** A script of the books: its arguments go in, its reply comes out untyped. @throws {StateUnavailable} */
export type BooksScript = (args: readonly (string | number)[]) => Promise<unknown>;

/** The scripts of `lua/`, each with what it shares with others in front of it. */
export function booksScript(link: Pick<RedisLink, 'script'>, name: string, writesRows = false): BooksScript {
  const parts = ['common', ...(writesRows ? ['posting'] : []), name];
  const text = parts.map((part) => readFileSync(join(__dirname, '..', 'lua', `${part}.lua`), 'utf8')).join('\n');
  const keys = headKeys(booksTag);
  const script: RedisScript = link.script(`metering/${name}`, text, keys.length);
  return (args) => script(keys, args);
}
