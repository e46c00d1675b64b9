import { post, type ReadAnswer, send, type SentRequest } from './calls';
import { type TestBench } from './gateway';
import { eventually } from './login-gateways';

/** A gateway, and the key that asks it. */
export type Door = Pick<TestBench, 'url' | 'key'>;

/** A door with a key of its own, and that key's id. */
export type Holder = Door & { readonly id: string };

/** A row of the books, as far as money is concerned; spend in dollars. */
export interface SpendRow {
  readonly request_id: string;
  readonly spend: number;
  readonly status: string;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly model: string;
  readonly metadata: { readonly codex_gateway: { readonly quality: string; readonly stream: boolean } };
}

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
export async function holder(bench: Door, fields: Json = {}): Promise<Holder> {
  const made = await manage(bench, '/key/generate', fields);
  return { url: bench.url, key: String(made['key']), id: String(made['token']) };
}

/** The rows of a key once there are as many: a stream's books are closed after its last byte. `bench` is the operator's. */
export async function rowsOf(bench: Door, { id }: Holder, count: number): Promise<readonly SpendRow[]> {
  let rows: readonly SpendRow[] = [];
  await eventually('the books are closed', async () => {
    rows = (await look(bench, `/spend/logs?api_key=${id}`)) as unknown as readonly SpendRow[];
    return rows.length >= count;
  });
  return rows;
}

/** What a key has spent, dollars. */
export async function spentBy(bench: Door, { key }: Holder): Promise<number> {
  const { info } = (await look(bench, `/key/info?key=${key}`)) as { readonly info: { readonly spend: number } };
  return info.spend;
}

/** Asks, and hangs up as soon as `when` holds; the answer must not have come by then. */
export async function hangUp({ url, key }: Door, path: string, body: unknown, when: () => boolean): Promise<void> {
  const leaving = new AbortController();
  const asking = fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: leaving.signal,
  }).then((response) => response.text());
  const refused = expect(asking).rejects.toThrow();
  await eventually('the moment to hang up', () => Promise.resolve(when()));
  leaving.abort();
  await refused;
}

/** Status, type and field of a refusal. */
export function refusalIn({
  status,
  json,
}: ReadAnswer): readonly [number, string | undefined, string | null | undefined] {
  const { error } = json as { readonly error?: { readonly type: string; readonly param: string | null } };
  return [status, error?.type, error?.param];
}

function jsonOf({ status, json, text }: ReadAnswer, path: string): Json {
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return json as Json;
}
