import { isAscii, isUtf8 } from 'node:buffer';
import { type FastifyRequest } from 'fastify';
import { bodyTooLarge } from '../kernel/errors';
import { assertDepth } from '../protocol/json-limits';
import { assertModestJson } from '../protocol/json-scan';
import { survivesAsWire } from '../protocol/wire/wire-json';
import { ArrivingBodies, mostUnderWay } from './arriving-bodies';
import { BodyBytes } from './body-bytes';
import { bodyEncoding, unpackBody } from './body-encoding';
import { callContextOf } from './call-context';
import { jsonFaultOffset } from './json-fault';
import { clientLeft, malformedRequest, senderTooSlow, tooMuchUnderWay, unsupportedMedia } from './refusals';

/** What a body may be; from `Settings.limits` and `Settings.times`. */
export interface BodyLimits {
  /** Bytes, on the wire and again after decompression. */
  readonly maxBytes: number;
  /** Levels of nesting; unchecked when left out. */
  readonly maxDepth?: number;
  /** Milliseconds for the whole body to arrive. */
  readonly timeoutMs: number;
  /** Parse without decoding where that is safe: the strings of `json` are then wire text. */
  readonly preferWire?: boolean;
}

/** A body as value and as the bytes it was parsed from: unpacked, without a byte order mark. */
export interface JsonBody {
  readonly json: unknown;
  readonly bytes: Buffer;
  /** The strings of `json` are wire text. */
  readonly isWire: boolean;
}

const arriving = new ArrivingBodies();

type RawRequest = FastifyRequest['raw'];

/**
 * Reads the raw stream; called after the key guard, so that strangers cannot make us buffer.
 * @throws {GatewayError} 400, 408, 413, 415 or 499; the sender's bytes never appear in the message.
 */
export async function readJsonBody(request: FastifyRequest, limits: BodyLimits): Promise<JsonBody> {
  const { headers } = request.raw;
  const encoding = bodyEncoding(headers['content-encoding']);
  assertJsonType(headers['content-type']);
  if (Number(headers['content-length'] ?? 0) > limits.maxBytes) throw bodyTooLarge(limits.maxBytes);
  const packed = bytesAtHand(request.raw) ?? (await readBytes(request, limits));
  const bytes = unmarked(packed.length === 0 ? packed : await unpackBody(packed, encoding, limits.maxBytes));
  const maxDepth = limits.maxDepth ?? Infinity;
  const isScanned = bytes.length > unscannedBytes;
  if (isScanned) assertModestJson(bytes, maxDepth);
  const wire = limits.preferWire === true ? wireJson(bytes) : undefined;
  const json = wire === undefined ? parseJson(bytes) : wire.json;
  if (!isScanned) assertDepth(json, maxDepth);
  return { json, bytes, isWire: wire !== undefined };
}

/** Up to here the worst of bodies is parsed in tens of milliseconds; beyond it the bytes are walked before they are parsed. */
const unscannedBytes = 512 * 1024;
/** The walk that finds a fault is slow beside the parser that met it. */
const maxLocatedCharacters = 1024 * 1024;
const jsonType = /^application\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i;

function assertJsonType(contentType: string | undefined): void {
  if (contentType === undefined || contentType.trim() === '' || jsonType.test(contentType.trim())) return;
  throw unsupportedMedia('The request body must be JSON: send the header content-type: application/json.');
}

/** The body when all of it came along with the headers: no listeners, no clock, no wait. */
function bytesAtHand(raw: RawRequest): Buffer | undefined {
  const { readableLength } = raw;
  if (readableLength === 0 || String(readableLength) !== raw.headers['content-length']) return undefined;
  if (raw.destroyed || raw.readableFlowing !== null) return undefined;
  const bytes: unknown = raw.read();
  // The end is still to be read: Node keeps the connection waiting for it.
  raw.resume();
  return Buffer.isBuffer(bytes) ? bytes : undefined;
}

/** Data events, not an async iterator: one promise for the body instead of one for each chunk. */
function readBytes(request: FastifyRequest, limits: BodyLimits): Promise<Buffer> {
  const { raw } = request;
  const { principal, clientIp } = callContextOf(request);
  // Small bodies of management routes do not wait for the large ones of the same key.
  const sender = `${principal?.keyHash ?? clientIp} ${limits.maxBytes}`;
  const mostBytes = mostUnderWay(limits.maxBytes);
  return new Promise((resolve, reject) => {
    const received = new BodyBytes();
    const timer = setTimeout(() => {
      fail(senderTooSlow('body', limits.timeoutMs));
    }, limits.timeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      arriving.remove(sender, received.total);
      raw.off('data', onChunk).off('end', onEnd).off('close', onClose).off('error', onClose);
    };
    const fail = (reason: Error): void => {
      stop();
      raw.pause();
      reject(reason);
    };
    const onChunk = (chunk: Buffer): void => {
      received.add(chunk);
      const underWay = arriving.add(sender, chunk.length);
      if (received.total > limits.maxBytes) fail(bodyTooLarge(limits.maxBytes));
      else if (underWay > mostBytes) fail(tooMuchUnderWay(mostBytes));
    };
    const onEnd = (): void => {
      stop();
      resolve(received.whole());
    };
    const onClose = (): void => {
      fail(clientLeft());
    };
    if (raw.destroyed && !raw.complete) {
      onClose();
      return;
    }
    raw.on('data', onChunk).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/**
 * Decoding, and encoding again for the upstream, is the largest part of what a long conversation costs; where nothing in it
 * has to be understood as text it is left out. Whatever is odd about a body is left to `parseJson`, which says it well.
 */
function wireJson(bytes: Buffer): { readonly json: unknown } | undefined {
  if (bytes.length === 0 || !(isAscii(bytes) || isUtf8(bytes))) return undefined;
  const wire = bytes.toString('latin1');
  if (!survivesAsWire(wire)) return undefined;
  try {
    return { json: JSON.parse(wire) as unknown };
  } catch {
    return undefined;
  }
}

/** In ASCII wire text and decoded text are the same. */
export function isAsciiBody(body: JsonBody): boolean {
  return isAscii(body.bytes);
}

/** The same body with its strings decoded. @throws {GatewayError} 400. */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw malformedRequest('The request body is empty; JSON is expected.', 'empty_body');
  if (!isUtf8(bytes)) throw malformedRequest('The request body is not valid UTF-8.', 'invalid_utf8');
  return parseText(bytes.toString('utf8'));
}

/** Without the byte order mark that some Windows clients send, and that no upstream has to understand. */
function unmarked(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const place = text.length > maxLocatedCharacters ? '' : `: ${placeOf(text, jsonFaultOffset(text))}`;
    throw malformedRequest(`The request body is not valid JSON${place}.`, 'invalid_json');
  }
}

function placeOf(text: string, offset: number): string {
  if (offset >= text.length) return `it ends too early, after ${text.length} characters`;
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return `unexpected character at line ${line}, column ${offset - lineStart + 1}`;
}
