import { jsonIn } from '../kernel/json-text';
import { readCount } from './file-values';

/** A Redis server, by name or address. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** A port, as a number or as text. */
export function readPort(value: unknown): number | undefined {
  const port = readCount(value);
  return port !== undefined && port >= 1 && port <= 65_535 ? port : undefined;
}

/** A list of servers, each `{host, port}` or `[host, port]`; undefined for anything else. */
export function readNodes(value: unknown): readonly RedisNode[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const nodes = value.flatMap((item: unknown) => {
    const [host, port] = Array.isArray(item) ? (item as readonly unknown[]) : nodeFields(item);
    const number = readPort(port);
    return typeof host === 'string' && host !== '' && number !== undefined ? [{ host, port: number }] : [];
  });
  return nodes.length === value.length ? nodes : undefined;
}

/** Of `{host, port}`, as for a Cluster. `[host, port]`, as for Sentinels, needs no reading. */
function nodeFields(item: unknown): readonly unknown[] {
  return typeof item === 'object' && item !== null && 'host' in item && 'port' in item ? [item.host, item.port] : [];
}

/** Servers as a variable names them: `host:port`, separated by commas, or a list in JSON; undefined for anything else. */
export function nodesInText(text: string): readonly RedisNode[] | undefined {
  const nodes = readNodes(
    text.startsWith('[{') || text.startsWith('[[') ? jsonIn(text) : text.split(',').map(hostAndPort),
  );
  return nodes === undefined || nodes.length === 0 ? undefined : nodes;
}

/** Without a port the usual one. An address of IPv6 needs its brackets. */
function hostAndPort(node: string): readonly [host: string, port: string] {
  const [, host = '', port = '6379'] = /^\s*(\[[^\]]*\]|[^:]*)(?::(\d+))?\s*$/.exec(node) ?? [];
  return [host.replace(/^\[|\]$/g, ''), port];
}
