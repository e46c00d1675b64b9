import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', 'fixtures', 'codex');

/** A recorded or written event stream. */
export interface SseFixture {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A request that a real Codex CLI sent. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** As sent, names in lower case; credentials are placeholders. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed; null when there was none. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** @returns every `.sse` fixture, by name. */
export function sseFixtures(): readonly SseFixture[] {
  return fixtureNames('.sse').map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

/** @returns the file names that end so, sorted. */
export function fixtureNames(ending: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort();
}

/** @returns the bytes of any fixture. @throws {Error} when there is no such file. */
export function fixtureBytes(name: string): Buffer {
  return readFileSync(join(folder, name));
}

/** Reads a recording by name, with or without `.json`. @throws {Error} when the file holds no single request. */
export function recordedRequest(name: string): RecordedRequest {
  const file = name.endsWith('.json') ? name : `${name}.json`;
  const { request } = JSON.parse(fixtureBytes(file).toString('utf8')) as { readonly request?: RawRecording };
  if (request === undefined) throw new Error(`${file} does not hold a single request.`);
  const { method, url, body } = request;
  return { method, url, body, headers: Object.fromEntries(request.headers) };
}

interface RawRecording extends Omit<RecordedRequest, 'headers'> {
  readonly headers: readonly (readonly [string, string])[];
}
