import { post, type ReadAnswer, send, type SentRequest } from './calls';
import { type TestBench } from './gateway';

type Door = Pick<TestBench, 'url' | 'key'>;

/** Any JSON object of an answer. */
export type Json = Readonly<Record<string, unknown>>;

/** POSTs as the operator and gives back the answer's JSON. @throws {Error} that shows the answer when it is no 200. */
export async function manage(bench: Door, path: string, body: unknown): Promise<Json> {
  return jsonOf(await post(bench, path, body), path);
}

/** GETs the same way. */
export async function look(bench: Door, path: string, init: SentRequest = {}): Promise<Json> {
  return jsonOf(await send(bench, path, init), path);
}

/** A door with the key that these fields make. */
export async function holder(bench: Door, fields: Json = {}): Promise<Door & { readonly id: string }> {
  const made = await manage(bench, '/key/generate', fields);
  return { url: bench.url, key: String(made['key']), id: String(made['token']) };
}

/** Status, type and field of a refusal. */
export function refusalIn({ status, json }: ReadAnswer): readonly [number, string | undefined, string | null | undefined] {
  const { error } = json as { readonly error?: { readonly type: string; readonly param: string | null } };
  return [status, error?.type, error?.param];
} // prettier-ignore

function jsonOf({ status, json, text }: ReadAnswer, path: string): Json {
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return json as Json;
}
