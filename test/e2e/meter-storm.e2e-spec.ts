import { type Answer, cutAfterBytes, stall } from '../simulator/answer';
import { deltas } from '../simulator/answers';
import { type SeenRequest } from '../simulator/journal';
import { chatBody, send } from '../support/calls';
import { type Json, look, manage } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { random, Replicas } from '../support/replicas';
import { describeWithRedis } from '../support/redis-server';

jest.setTimeout(900_000);

const isLong = process.env['TEST_LONG'] !== undefined;
const count = isLong ? 500 : 100;
/** A twentieth of the streams, and one more. */
const some = Math.floor(count / 20) + 1;
/** Streams at the same time, beside those that are held. */
const atOnce = isLong ? 60 : 30;
/** Unscaled in the long run; else a fifth. */
const times = isLong ? { redisCommandMs: 2_000 } : { redisCommandMs: 2_000, heartbeatMs: 1_000, processLeaseMs: 4_000 };
/** What a dead process held is free within this. */
const freeMs = isLong ? 30_000 : 6_000;

/** What becomes of a stream. */
type Fate = 'whole' | 'cut' | 'left' | 'killed';

interface Outcome {
  readonly fate: Fate;
  /** Told in the headers of the answer; undefined when there was none, or a refusal. */
  readonly id: string | undefined;
  /** The stream broke off after its headers. */
  readonly isBroken: boolean;
  /** Nothing was said at all. */
  readonly isUnheard: boolean;
}

describeWithRedis(`${count} streams through four gateways`, () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await Replicas.start(4, { times, redis: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const says =
      (word: string) =>
      ({ body }: SeenRequest): boolean =>
        JSON.stringify(body).includes(`fate: ${word}`);
    const answer: Answer = deltas(25, 20);
    replicas.simulator.script
      .when(says('cut'), cutAfterBytes(answer, 4_000))
      .when(says('killed'), stall(answer, 4_000))
      .always(answer);
  });
  afterAll(() => replicas.close());

  it('leave one row for each that was let in, though processes, clients, upstream and Redis die; and free what the dead held', async () => {
    const keys = await someKeys(replicas);
    const outcomes: Outcome[] = [];
    const started: Promise<unknown>[] = [];
    // Whoever is refused, or finds nobody, asks again.
    const run = async (fate: Fate, at: number, key: string): Promise<void> => {
      for (let outcome: Outcome; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
        outcome = await stream(replicas.admin(at).url, key, fate);
        outcomes.push(outcome);
        if (outcome.id !== undefined) return;
      }
    };

    // First Redis: nobody settles for the dead before he has seen it healthy for a whole lease.
    const fates: Fate[] = Array.from({ length: count - some }, (_, at) =>
      at < some ? 'cut' : at < 2 * some ? 'left' : 'whole',
    );
    const mixed = shuffled(fates, 7);
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let at = next; at < mixed.length; at = next) {
        next += 1;
        await run(mixed[at] ?? 'whole', at % 4, keys[at % keys.length]?.key ?? '');
      }
    };
    started.push(...Array.from({ length: atOnce }, lane));
    await eventually('a fifth is on its way', () => next > count / 5);
    await replicas.redis.kill();
    await replicas.redis.resume();

    // Then a process, over streams that have shown content.
    const begun = outcomes.length;
    const dying = Array.from({ length: some }, (_, at) => run('killed', 3, keys[at % keys.length]?.key ?? ''));
    await eventually('the streams to be killed are held', () => replicas.simulator.held >= some, 60_000);
    expect(outcomes.length).toBeGreaterThanOrEqual(begun);
    const [, , , victim] = replicas.all;
    if (victim === undefined) throw new Error('there are four');
    victim.signal('SIGKILL');
    const killedMs = performance.now();
    await Promise.all(dying);
    const orphans = outcomes.flatMap(({ fate, id }) => (fate === 'killed' && id !== undefined ? [id] : []));
    const isHeld = (id: string): boolean => live.includes(id);
    let live: readonly string[] = await tickets(replicas);
    expect(orphans.filter(isHeld)).toHaveLength(some);
    const restarted = replicas.serve().then((served) => (replicas.all[3] = served));
    await eventually(
      'nothing is held for the dead',
      async () => {
        live = await tickets(replicas);
        return !orphans.some(isHeld);
      },
      120_000,
    );
    const freedMs = performance.now() - killedMs;
    await Promise.all([restarted, ...started]);
    replicas.simulator.release();
    await eventually('no ticket is left', async () => (await tickets(replicas)).length === 0, 60_000);
    if (isLong) console.log(`orphans freed after ${(freedMs / 1_000).toFixed(1)} s`);
    const broken = (fate: Fate): number => outcomes.filter((each) => each.fate === fate && each.isBroken).length;
    expect(broken('killed')).toBeGreaterThanOrEqual(count / 20);
    expect(broken('left')).toBeGreaterThanOrEqual(count / 20);
    expect(broken('cut')).toBeGreaterThanOrEqual(count / 20);
    expect(freedMs).toBeLessThan(freeMs);
    await agree(replicas, keys, outcomes);
  });
});

/** Every admitted call has its row; rows, books and daily figures say the same. */
async function agree(
  replicas: Replicas,
  keys: readonly { readonly id: string }[],
  outcomes: readonly Outcome[],
): Promise<void> {
  const rows: Json[] = [];
  for (const { id } of keys) {
    const own = (await send(replicas.admin(), `/spend/logs?api_key=${id}`)).json as Json[];
    const spend = own.reduce((sum, row) => sum + Math.round(Number(row['spend']) * 1e9), 0);
    const { info } = (await look(replicas.admin(1), `/key/info?key=${id}`)) as { info: { spend: number } };
    expect([id, Math.round(info.spend * 1e9)]).toEqual([id, spend]);
    const today = new Date();
    const from = new Date(today.getTime() - 86_400_000).toISOString().slice(0, 10);
    const span = `start_date=${from}&end_date=${today.toISOString().slice(0, 10)}&api_key=${id}`;
    const { metadata } = (await look(replicas.admin(2), `/user/daily/activity?${span}`)) as { metadata: Json };
    expect(Math.round(Number(metadata['total_spend']) * 1e9)).toBe(spend);
    expect(metadata['total_api_requests']).toBe(own.length);
    rows.push(...own);
  }
  const ids = rows.map((row) => String(row['request_id']));
  expect(new Set(ids).size).toBe(ids.length);
  const admitted = outcomes.flatMap(({ id }) => id ?? []);
  expect(admitted.filter((id) => !ids.includes(id))).toEqual([]);
  expect(admitted).toHaveLength(count);
  // Let in and not heard of by the client: at most those that had no headers yet when their process or Redis died.
  expect(rows.length - count).toBeLessThanOrEqual(outcomes.filter(({ isUnheard }) => isUnheard).length);
  const asked = replicas.simulator.seen.filter(({ path }) => path.endsWith('/responses')).length;
  expect(rows.length).toBeGreaterThanOrEqual(asked);
  const estimated = rows.filter(isEstimated);
  expect(estimated.length).toBeGreaterThanOrEqual(2 * some);
  expect(await manage(replicas.admin(), '/spend/reconcile', { repair: false })).toMatchObject({ mismatches: [] });
}

const isEstimated = (row: Json): boolean =>
  ((row['metadata'] as Json)['codex_gateway'] as Json)['quality'] === 'estimated';

/** Five keys in two teams, each with a budget that covers everything. */
async function someKeys(replicas: Replicas): Promise<readonly { readonly key: string; readonly id: string }[]> {
  const door = replicas.admin();
  const teams = [await manage(door, '/team/new', { max_budget: 1e6 }), await manage(door, '/team/new', {})];
  return Promise.all(
    Array.from({ length: 5 }, async (_, at) => {
      const fields = { max_budget: 1e5, budget_duration: '30d', team_id: teams[at % 2]?.['team_id'], tpm_limit: 1e9 };
      const made = await manage(door, '/key/generate', fields);
      return { key: String(made['key']), id: String(made['token']) };
    }),
  );
}

async function stream(url: string, key: string, fate: Fate): Promise<Outcome> {
  const left = new AbortController();
  let id: string | undefined;
  let isUnheard = true;
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      signal: left.signal,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(chatBody({ stream: true, messages: [{ role: 'user', content: `fate: ${fate}` }] })),
    });
    isUnheard = false;
    id = response.status === 200 ? (response.headers.get('x-request-id') ?? '') : undefined;
    const body: ReadableStream<Uint8Array> = response.body ?? new ReadableStream<Uint8Array>();
    let heard = '';
    for await (const bytes of body) {
      heard += Buffer.from(bytes).toString('utf8');
      if (fate === 'left' && heard.includes('word3')) left.abort();
    }
    return { fate, id, isUnheard, isBroken: id !== undefined && !heard.includes('[DONE]') };
  } catch {
    return { fate, id, isUnheard, isBroken: id !== undefined };
  }
}

/** Ids of the live tickets in Redis. */
async function tickets({ redis }: Replicas): Promise<readonly string[]> {
  const found = await redis.everywhere((commands) => commands.keys('*{meter}:t:*'));
  return found.flat().map((name) => name.slice(name.indexOf(':t:') + 3));
}

function shuffled<T>(all: readonly T[], seed: number): readonly T[] {
  const next = random(seed);
  return all
    .map((each) => ({ each, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}
