/** Members of a JSON object; every one still has to be checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** What kept a login file from being understood. `torn` may heal by itself: an older CLI writes in place. */
export type UnreadableKind = 'missing' | 'denied' | 'torn' | 'empty' | 'other';

/** Why a file cannot be used; the message is a sentence's end that fits after the file's name and quotes nothing. */
export class UnreadableLogin extends Error {
  constructor(
    message: string,
    readonly kind: UnreadableKind = 'other',
  ) {
    super(message);
  }
}

/** Where a document keeps its tokens: in a nested object of that name, or at the top. */
export type TokenPlace = 'chatgpt' | 'tokens' | 'top';

/** @throws {UnreadableLogin} when the text is no JSON object. */
export function parseDocument(text: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    // The parser's own words quote the text, which is full of secrets.
    throw new UnreadableLogin('is not valid JSON', 'torn');
  }
  if (!isFields(parsed)) throw new UnreadableLogin('is not a JSON object');
  return parsed;
}

/** The first place that holds an access token, looked for under `chatgpt`, `tokens`, then at the top (protocol 2.2). */
export function tokenPlaceOf(document: Fields): TokenPlace | undefined {
  const places: readonly TokenPlace[] = ['chatgpt', 'tokens', 'top'];
  return places.find((place) => stringOf(fieldsAt(document, place), 'access_token') !== undefined);
}

/** The members at a place; none when it is absent. */
export function fieldsAt(document: Fields, place: TokenPlace): Fields {
  return place === 'top' ? document : (fieldsOf(document, place) ?? {});
}

/** A member that is an object, else undefined. */
export function fieldsOf(fields: Fields, name: string): Fields | undefined {
  const value = fields[name];
  return isFields(value) ? value : undefined;
}

/** A member that is a text with content, else undefined. */
export function stringOf(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The last moment of a `Date`, Unix milliseconds. */
const latestMs = 8_640_000_000_000_000;

/** Unix milliseconds of a number in seconds or milliseconds, of such a number in text, or of an RFC 3339 date. */
export function momentOf(value: unknown): number | undefined {
  if (typeof value === 'number') return momentOfNumber(value);
  if (typeof value !== 'string' || value === '') return undefined;
  const parsed = Number.isNaN(Number(value)) ? Date.parse(value) : momentOf(Number(value));
  return parsed === undefined ? undefined : wholeMoment(parsed);
}

/** Below 1e11 it counts seconds: as milliseconds that would be 1973. */
function momentOfNumber(value: number): number | undefined {
  return wholeMoment(value < 1e11 ? value * 1000 : value);
}

/**
 * Unix milliseconds as records and dates take them: whole, after 1970, and no later than a `Date` can be. Undefined for
 * any other number, which would make the stored record of the login unreadable.
 */
export function wholeMoment(ms: number): number | undefined {
  const whole = Math.round(ms);
  return whole > 0 && whole <= latestMs ? whole : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
