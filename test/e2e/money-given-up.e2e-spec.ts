import { delayed, held, json, stall } from '../simulator/answer';
import { compaction, reasoningThenText, text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { endOf, frozen } from '../support/frozen-answer';
import { startBench, type TestBench } from '../support/gateway';
import { eventually } from '../support/login-gateways';

/** Cheap to the eye, dear in truth: nearly all of it is thought. */
const usage = { input: 1_200, cached: 0, output: 50_100, reasoning: 50_000 };
const words = 'Here is the whole valuable answer. END Nobody sees this.';
const answer = reasoningThenText('', words, { usage });
const slow = reasoningThenText('', words, { usage, gapMs: 60 });
/** The first events are there, then long nothing. */
const thinking = frozen(answer);
const thinks = endOf(thinking, 'response.output_item.added');
/** What a call that is cut short is told at least: the ones before it were like it. */
const usual = frozen(text('A usual answer.', { usage: { input: 1_200, cached: 0, output: 900, reasoning: 880 } }));
const chat = '/v1/chat/completions';

interface Made {
  readonly url: string;
  readonly key: string;
  readonly token: string;
}

interface Row {
  readonly spend: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly metadata: { readonly codex_gateway: { readonly quality: string } };
}

let bench: TestBench;
let brief: TestBench;

beforeAll(async () => {
  bench = await startBench();
  brief = await startBench({ times: { clientGoneDrainMs: 50 } });
});
afterAll(async () => {
  await bench.close();
  await brief.close();
});
beforeEach(() => {
  bench.simulator.reset();
  brief.simulator.reset();
});

async function makeKey(at: TestBench): Promise<Made> {
  return { ...((await post(at, '/key/generate', { max_budget: 100 })).json as Made), url: at.url };
}

/** The rows of a key, once there are as many. */
async function rowsOf(at: TestBench, { token }: Made, count: number): Promise<readonly Row[]> {
  let rows: readonly Row[] = [];
  await eventually('the books are closed', async () => {
    rows = (await send(at, `/spend/logs?api_key=${token}`)).json as readonly Row[];
    return rows.length >= count;
  });
  expect(rows).toHaveLength(count);
  return rows;
}

/** Asks, and hangs up as soon as `when` holds. */
async function hangUp({ url, key }: Made, path: string, body: unknown, when: () => boolean): Promise<void> {
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

const ways: readonly (readonly [name: string, stream: boolean])[] = [
  ['whole', false],
  ['streamed', true],
];

describe.each(ways)('an answer whose client wants no more of it, %s', (_, stream) => {
  const body = chatBody({ stream });

  it('is paid for whole when a stop sequence ends it', async () => {
    const key = await makeKey(bench);
    bench.simulator.script.next(slow);
    const told = await post(key, chat, { ...body, stop: ['END'] });
    expect(told.status).toBe(200);
    expect(told.text).not.toContain('END');
    const [row] = await rowsOf(bench, key, 1);
    expect([row?.prompt_tokens, row?.completion_tokens]).toEqual([usage.input, usage.output]);
  });

  it.each([
    ['in the middle of its words', slow, 0.3],
    ['while the model thinks', stall(thinking, thinks), 0.3],
    ['before anything came', held(answer), 0.3],
  ])('is paid for whole when its own time limit ends it, %s', async (when, slowly, timeout) => {
    const key = await makeKey(bench);
    bench.simulator.script.next(slowly);
    const told = await post(key, chat, { ...body, timeout });
    expect(told.text).toContain('request_timeout');
    expect(told.text).not.toContain('valuable answer. END');
    // The client was told before the upstream was through.
    if (when !== 'in the middle of its words') expect(bench.simulator.held).toBe(1);
    bench.simulator.release();
    const [row] = await rowsOf(bench, key, 1);
    expect([row?.prompt_tokens, row?.completion_tokens]).toEqual([usage.input, usage.output]);
  });

  it('costs what others cost when its end does not come in time', async () => {
    const key = await makeKey(brief);
    brief.simulator.script.next(usual);
    expect((await post(key, chat, body)).status).toBe(200);
    brief.simulator.script.always(stall(thinking, thinks));
    await hangUp(key, chat, body, () => brief.simulator.held > 0);
    const rows = await rowsOf(brief, key, 2);
    const cut = rows.find(({ completion_tokens: tokens }) => tokens !== 900) ?? rows[1];
    expect(cut?.completion_tokens).toBeGreaterThanOrEqual(900);
    expect(cut?.prompt_tokens).toBeGreaterThan(0);
  });
});

it('of more than 32 answers that nobody waits for any more, the others end at once and are estimated', async () => {
  const patient = await startBench({ times: { clientGoneDrainMs: 60_000 } });
  try {
    const { simulator } = patient;
    const key = await makeKey(patient);
    simulator.script.always(stall(thinking, thinks));
    let areAllThere = false;
    const clients = Array.from({ length: 34 }, () =>
      hangUp(key, chat, chatBody({ stream: true }), () => (areAllThere ||= simulator.held === 34)),
    );
    await Promise.all(clients);
    const qualities = async (count: number): Promise<readonly string[]> =>
      (await rowsOf(patient, key, count)).map(({ metadata }) => metadata.codex_gateway.quality).sort();
    expect(await qualities(2)).toEqual(['estimated', 'estimated']);
    await eventually('the upstream is told', () => simulator.held <= 32);
    expect(simulator.held).toBe(32);
    simulator.release();
    expect(await qualities(34)).toEqual([...Array<string>(2).fill('estimated'), ...Array<string>(32).fill('exact')]);
  } finally {
    await patient.close();
  }
});

describe('a compaction', () => {
  const body = { model: 'gpt-5.5', instructions: 'x', input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'word '.repeat(4_000) }] }] }; // prettier-ignore

  it('whose client hangs up is read on and paid for', async () => {
    const key = await makeKey(bench);
    const counted = { input_tokens: 50_000, output_tokens: 3_000, total_tokens: 53_000 };
    bench.simulator.scripts.compact.next(delayed(json(200, { output: [], usage: counted }), 500));
    const before = bench.simulator.seen.length;
    await hangUp(key, '/v1/responses/compact', body, () =>
      bench.simulator.seen.slice(before).some(({ path }) => path.endsWith('/compact')),
    );
    const [row] = await rowsOf(bench, key, 1);
    expect([row?.prompt_tokens, row?.completion_tokens]).toEqual([50_000, 3_000]);
  });

  it('is estimated when its end does not come in time', async () => {
    const key = await makeKey(brief);
    brief.simulator.scripts.compact.always(held(compaction()));
    await hangUp(key, '/v1/responses/compact', body, () => brief.simulator.held > 0);
    const [row] = await rowsOf(brief, key, 1);
    expect(row?.prompt_tokens).toBeGreaterThan(2_000);
    expect(row?.spend).toBeGreaterThan(0);
  });
});
