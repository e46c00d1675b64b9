import { type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { isJsonObject, parseJson } from './json';

/** A request body as it arrived and as it reads. */
export interface DecodedBody {
  readonly raw: Buffer;
  /** Undefined when there was none, or when it could not be decoded or parsed. */
  readonly json: unknown;
}

/** Reads a request to its end; a client that breaks off yields what came so far. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    return Buffer.concat(parts);
  }
  return Buffer.concat(parts);
}

/** Decodes zstd, gzip and plain bodies, JSON and form encoded alike; a form becomes an object of strings. */
export function decodeBody(raw: Buffer, headers: Readonly<Record<string, string>>): DecodedBody {
  if (raw.length === 0) return { raw, json: undefined };
  const text = inflate(raw, headers['content-encoding'] ?? 'identity')?.toString('utf8');
  if (text === undefined) return { raw, json: undefined };
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return { raw, json: isForm ? Object.fromEntries(new URLSearchParams(text)) : parseJson(text) };
}

function inflate(raw: Buffer, encoding: string): Buffer | undefined {
  try {
    if (encoding === 'zstd') return Buffer.from(decompress(raw));
    if (encoding === 'gzip') return gunzipSync(raw);
  } catch {
    return undefined;
  }
  return encoding === 'identity' ? raw : undefined;
}

/** @returns the body as a JSON object, or undefined when it is anything else. */
export function bodyObject(json: unknown): Readonly<Record<string, unknown>> | undefined {
  return isJsonObject(json) ? json : undefined;
}
