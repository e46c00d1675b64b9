import { hash } from 'node:crypto';
import { type InputItem } from '../../protocol/canonical/canonical-request';
import { rawStringField } from '../../protocol/wire/json-scan';
import { encodeWire } from '../../protocol/wire/wire-text';
import { type CanonicalCall, type NativeRequest, type UpstreamCall } from '../../upstream/upstream';
import { type SealedItem, sealedIn, sealedInBytes } from './seal-scan';

/** What binds a call to an account. All keys are digests that hold the caller's: nobody meets another's conversation. */
export interface Bonds {
  /** Pins of the sealed items in its input, oldest first: only the account that made them can open them. */
  readonly seals: readonly string[];
  /** Pin of a stored answer that it continues. */
  readonly continues: string | undefined;
  /** Pin of the conversation; undefined when it cannot be told from others, or there is nothing to gain. */
  readonly conversation: string | undefined;
}

/** Below so many characters (about 1 024 tokens) upstreams cache no prompt, so that it does not matter where it goes. */
const leastCachedCharacters = 4_096;
/** What is looked at of a long text. */
const prefixCharacters = 2_048;
const suffixCharacters = 256;
/** Names of a CLI's session, in order. */
const sessionHeaders = [
  'session-id',
  'session_id',
  'conversation_id',
  'thread-id',
  'x-codex-parent-thread-id',
] as const;

/** Reads what binds a call. @param session of headers or body beyond the request itself. */
export function bondsOf(call: UpstreamCall, keyHash: string, session: string | undefined): Bonds {
  const pinOf = (kind: string, text: string): string => digest(`${kind}\n${keyHash}\n${text}`);
  const own = call.kind === 'native' ? nativeOf(call) : canonicalOf(call);
  const key = session ?? own.conversation;
  return {
    seals: own.sealed.map(({ tail }) => pinOf('seal', tail)),
    continues: own.continues === undefined ? undefined : pinOf('answer', own.continues),
    conversation: key === undefined ? undefined : pinOf('talk', key),
  };
}

/** Pin of a sealed item that an answer brought. @param tail of `seal-scan`. */
export function sealPin(keyHash: string, tail: string): string {
  return digest(`seal\n${keyHash}\n${tail}`);
}

/** Pin of an answer that its host has stored. */
export function answerPin(keyHash: string, responseId: string): string {
  return digest(`answer\n${keyHash}\n${responseId}`);
}

interface OwnBonds {
  readonly sealed: readonly SealedItem[];
  readonly continues: string | undefined;
  readonly conversation: string | undefined;
}

function canonicalOf(call: CanonicalCall): OwnBonds {
  const { request } = call;
  const previous = request.sampling?.['previous_response_id'];
  return {
    sealed: sealedIn(request.input),
    continues: typeof previous === 'string' ? previous : undefined,
    conversation: request.prompt_cache_key ?? stablePrefix(call),
  };
}

/** The bytes are not parsed for this: a CLI writes the one field that counts at the top, and names its session in a header. */
function nativeOf({ body, headers }: NativeRequest): OwnBonds {
  const name = sessionHeaders.find((each) => headers[each] !== undefined);
  const conversation = name === undefined ? cacheKeyIn(body) : headers[name];
  return { sealed: sealedInBytes(body), continues: undefined, conversation };
}

function cacheKeyIn(body: Buffer): string | undefined {
  const at = body.indexOf('"prompt_cache_key"');
  if (at === -1) return undefined;
  return rawStringField(body.toString('latin1', at, at + 512), '"prompt_cache_key":')?.slice(1, -1);
}

/** Instructions, tools and the first message: what stays the same from turn to turn. */
function stablePrefix({ request, isWire }: CanonicalCall): string | undefined {
  const { instructions = '', tools = [], input } = request;
  const first = textOf(input.find(({ role }) => role === 'user'));
  const lead = textOf(input[0]);
  if (instructions.length + lead.length + first.length < leastCachedCharacters) return undefined;
  const names = tools.map(({ type, name }) => (typeof name === 'string' ? name : type)).join(',');
  const parts = [instructions, lead, first].map((part) => ends(isWire ? part : encodeWire(part)));
  return [names, ...parts].join('\n');
}

/** A long text by its length, beginning and end. */
function ends(text: string): string {
  return `${text.length}:${text.slice(0, prefixCharacters)}:${text.slice(-suffixCharacters)}`;
}

/** The text of a message; '' for what has none. */
function textOf(item: InputItem | undefined): string {
  const content = item?.['content'];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: unknown) => partText(part)).join('');
}

function partText(part: unknown): string {
  return typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string' ? part.text : '';
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}
