import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { bodyTooLarge, GatewayError } from '../kernel/errors';
import { malformedRequest, unsupportedMedia } from './refusals';

/** How a body is packed. */
export type BodyEncoding = 'identity' | 'gzip' | 'zstd';

const gunzipAsync = promisify(gunzip);

/**
 * Bodies in gzip that are unpacked at the same time. The pool unpacks faster than one thread parses: without a bound, small
 * bodies that grow large would all wait for that unpacked.
 */
const unpackedAtOnce = 2;
let unpacking = 0;
const waiting: (() => void)[] = [];

/** Largest zstd window: what RFC 8878 asks every decoder to support. A window is memory before the first byte. */
const maxWindowBytes = 8 * 1024 * 1024;
/** The decoder shifts its window once a block; this bounds the bytes so moved (about half a second of work). */
const maxShiftedBytes = 4 * 1024 * 1024 * 1024;
/** A frame costs its window before its first byte; every client sends one frame. */
const maxFrames = 64;
/** All windows of one body together, unless the operator lets a single body be larger. */
const maxWindowSumBytes = 64 * 1024 * 1024;
/** Encoders cut blocks of up to 128 KiB; each costs some work even when it is empty. */
const minBytesPerBlock = 1024;
const spareBlocks = 1024;
const zstdMagic = 0xfd2fb528;

/** @throws {GatewayError} 415 for anything but one known encoding. */
export function bodyEncoding(header: string | undefined): BodyEncoding {
  const name = (header ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'zstd') return 'zstd';
  throw unsupportedMedia('This content-encoding is not supported. Send the body plain, or as one of gzip and zstd.');
}

/**
 * Unpacks a whole body, never past `maxBytes` of output.
 * @throws {GatewayError} 413 for a body that grows larger, 400 for bytes that are not of that encoding.
 */
export async function unpackBody(packed: Buffer, encoding: BodyEncoding, maxBytes: number): Promise<Buffer> {
  if (encoding === 'identity') return packed;
  return encoding === 'gzip' ? gunzipBody(packed, maxBytes) : unzstdBody(packed, maxBytes);
}

async function gunzipBody(packed: Buffer, maxBytes: number): Promise<Buffer> {
  if (unpacking < unpackedAtOnce) unpacking += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await gunzipAsync(packed, { maxOutputLength: maxBytes });
  } catch (error) {
    if (isTooLarge(error)) throw bodyTooLarge(maxBytes);
    throw malformedRequest('The request body is not valid gzip.', 'invalid_encoding');
  } finally {
    leaveTurn();
  }
}

/** The turn goes to who waits longest. */
function leaveTurn(): void {
  const next = waiting.shift();
  if (next === undefined) unpacking -= 1;
  else next();
}

/** Not `instanceof Error`: the error may come from another realm. */
function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function unzstdBody(packed: Buffer, maxBytes: number): Buffer {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    assertFrugalFrames(packed, maxBytes);
    const decoder = new Decompress((chunk) => {
      total += chunk.length;
      if (total > maxBytes) throw bodyTooLarge(maxBytes);
      chunks.push(chunk);
    });
    decoder.push(packed, true);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw malformedRequest(
      'The request body is not valid zstd, or needs a window larger than 8 MiB, many frames or very many tiny blocks.',
      'invalid_encoding',
    );
  }
  return Buffer.concat(chunks, total);
}

/** Walks frame and block headers only: a few bytes must not command gigabytes of window or of copying. */
function assertFrugalFrames(packed: Buffer, maxBytes: number): void {
  let at = 0;
  let shifted = 0;
  let windows = 0;
  let blocksLeft = spareBlocks + maxBytes / minBytesPerBlock;
  for (let frames = 1; at < packed.length; frames += 1) {
    if (frames > maxFrames) throw new RangeError('too many frames');
    const magic = packed.readUInt32LE(at);
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      at += 8 + packed.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== zstdMagic) throw new RangeError('not a zstd frame');
    const frame = frameHeader(packed, at);
    if (frame.singleSegment && frame.windowBytes > maxBytes) throw bodyTooLarge(maxBytes);
    if (!frame.singleSegment && frame.windowBytes > maxWindowBytes) throw new RangeError('window too large');
    windows += frame.windowBytes;
    if (windows > Math.max(maxWindowSumBytes, maxBytes)) throw new RangeError('too many windows');
    const walked = walkBlocks(packed, frame.blocksAt, blocksLeft);
    blocksLeft -= walked.blocks;
    shifted += walked.blocks * frame.windowBytes;
    if (shifted > maxShiftedBytes) throw new RangeError('too many blocks for this window');
    at = walked.end + (frame.checksum ? 4 : 0);
  }
}

interface FrameHeader {
  /** Without a window of its own the whole content is the window. */
  readonly singleSegment: boolean;
  readonly windowBytes: number;
  readonly blocksAt: number;
  readonly checksum: boolean;
}

/** RFC 8878 section 3.1.1.1. */
function frameHeader(packed: Buffer, at: number): FrameHeader {
  const descriptor = packed.readUInt8(at + 4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? Number(singleSegment) : 1 << sizeFlag;
  const sizeAt = at + (singleSegment ? 5 : 6) + dictionaryBytes;
  const windowBytes = singleSegment ? contentSize(packed, sizeAt, sizeBytes) : windowSize(packed.readUInt8(at + 5));
  return { singleSegment, windowBytes, blocksAt: sizeAt + sizeBytes, checksum: (descriptor & 4) !== 0 };
}

function contentSize(packed: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(packed.readBigUInt64LE(at));
  return packed.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}

function windowSize(descriptor: number): number {
  const floor = 2 ** (10 + (descriptor >> 3));
  return floor + (floor / 8) * (descriptor & 7);
}

function walkBlocks(
  packed: Buffer,
  start: number,
  maxBlocks: number,
): { readonly blocks: number; readonly end: number } {
  let at = start;
  for (let blocks = 1; ; blocks += 1) {
    if (blocks > maxBlocks) throw new RangeError('too many blocks');
    const header = packed.readUIntLE(at, 3);
    const isRun = ((header >> 1) & 3) === 1;
    at += 3 + (isRun ? 1 : header >> 3);
    if ((header & 1) === 1) return { blocks, end: at };
  }
}
