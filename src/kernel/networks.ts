/** A range of addresses: the first `bits` of `bytes` count. IPv4 is written as IPv6 (`::ffff:a.b.c.d`). */
export interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const v4Bits = 96;

/** `10.0.0.0/8`, `2001:db8::/32`, or one address; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const bytes = parseAddress(address);
  if (bytes === undefined || rest.length > 0) return undefined;
  const offset = v4.test(address) ? v4Bits : 0;
  if (prefix === undefined) return { bytes, bits: 128 };
  const bits = /^\d{1,3}$/.test(prefix) ? offset + Number(prefix) : Number.NaN;
  return bits <= 128 ? { bytes, bits } : undefined;
}

/** Whether an address lies in one of the networks; an address that cannot be read lies in none. */
export function isWithin(address: string, networks: readonly Network[]): boolean {
  const bytes = parseAddress(address);
  return bytes !== undefined && networks.some((network) => covers(network, bytes, 128));
}

/** The networks that lie in both lists. */
export function intersection(left: readonly string[], right: readonly string[]): readonly string[] {
  const both = left.flatMap((a) => right.flatMap((b) => narrower(a, b) ?? []));
  return [...new Set(both)];
}

function narrower(a: string, b: string): string | undefined {
  const [first, second] = [parseNetwork(a), parseNetwork(b)];
  if (first === undefined || second === undefined) return undefined;
  if (covers(first, second.bytes, second.bits)) return b;
  return covers(second, first.bytes, first.bits) ? a : undefined;
}

function covers(network: Network, bytes: Uint8Array, bits: number): boolean {
  if (network.bits > bits) return false;
  const whole = network.bits >> 3;
  for (let at = 0; at < whole; at += 1) if (network.bytes[at] !== bytes[at]) return false;
  const rest = network.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((network.bytes[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask);
}

/** 16 bytes. */
function parseAddress(text: string): Uint8Array | undefined {
  const four = v4Bytes(text);
  if (four !== undefined) return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...four]);
  if (!text.includes(':')) return undefined;
  const [bare = ''] = text.split('%');
  const halves = bare.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = [words(halves[0] ?? ''), words(halves[1] ?? '')];
  if (head === undefined || tail === undefined) return undefined;
  const gap = 16 - head.length - tail.length;
  const isWhole = halves.length === 1 ? gap === 0 : gap >= 2;
  return isWhole ? Uint8Array.from([...head, ...new Array<number>(gap).fill(0), ...tail]) : undefined;
}

function v4Bytes(text: string): readonly number[] | undefined {
  const parts = v4.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) === true ? parts : undefined;
}

/** Groups of an IPv6 address as bytes; the last may be an IPv4 address. */
function words(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [at, group] of groups.entries()) {
    const four = at === groups.length - 1 ? v4Bytes(group) : undefined;
    if (four !== undefined) bytes.push(...four);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}
