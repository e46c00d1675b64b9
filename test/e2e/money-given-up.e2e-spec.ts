import { delayed, held, json, stall } from '../simulator/answer';
import { compaction, reasoningThenText, text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { readExposition, type ShownSeries } from '../support/expositions';
import { endOf, frozen } from '../support/frozen-answer';
import { startBench } from '../support/gateway';
import { type Door, hangUp, type Holder, holder, rowsOf, type SpendRow } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { SuiteBench } from '../support/suite-bench';

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

const bench = new SuiteBench();
const brief = new SuiteBench({ times: { clientGoneDrainMs: 50 } });

const makeKey = (at: Door): Promise<Holder> => holder(at, { max_budget: 100 });

/** The rows of a key, as many as that and no more. */
async function allRowsOf(at: Door, key: Holder, count: number): Promise<readonly SpendRow[]> {
  const rows = await rowsOf(at, key, count);
  expect(rows).toHaveLength(count);
  return rows;
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
    const [row] = await allRowsOf(bench, key, 1);
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
    const [row] = await allRowsOf(bench, key, 1);
    expect([row?.prompt_tokens, row?.completion_tokens]).toEqual([usage.input, usage.output]);
  });

  it('is one request to the metrics, whose model they know', async () => {
    const key = await makeKey(bench);
    bench.simulator.script.next(delayed(answer, 500));
    await hangUp(key, chat, body, () => bench.simulator.seen.some(({ path }) => path.endsWith('/responses')));
    await allRowsOf(bench, key, 1);
    const { series } = readExposition((await send(bench, '/metrics')).text);
    const told = series.filter(
      ({ name, labels }) => /^litellm_proxy_\w+_total$/.test(name) && labels['hashed_api_key'] === key.id,
    );
    expect(told.map(({ labels, value }) => [labels['requested_model'], value])).toEqual(
      [body['model'], body['model']].map((model) => [model, 1]),
    );
  });

  it('costs what others cost when its end does not come in time', async () => {
    const key = await makeKey(brief);
    brief.simulator.script.next(usual);
    expect((await post(key, chat, body)).status).toBe(200);
    brief.simulator.script.always(stall(thinking, thinks));
    await hangUp(key, chat, body, () => brief.simulator.held > 0);
    const rows = await allRowsOf(brief, key, 2);
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
      (await allRowsOf(patient, key, count)).map(({ metadata }) => metadata.codex_gateway.quality).sort();
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
  const body = {
    model: 'gpt-5.5',
    instructions: 'x',
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'word '.repeat(4_000) }] }],
  };

  it('whose client hangs up is read on and paid for', async () => {
    const key = await makeKey(bench);
    const counted = { input_tokens: 50_000, output_tokens: 3_000, total_tokens: 53_000 };
    bench.simulator.scripts.compact.next(delayed(json(200, { output: [], usage: counted }), 500));
    const before = bench.simulator.seen.length;
    await hangUp(key, '/v1/responses/compact', body, () =>
      bench.simulator.seen.slice(before).some(({ path }) => path.endsWith('/compact')),
    );
    const [row] = await allRowsOf(bench, key, 1);
    expect([row?.prompt_tokens, row?.completion_tokens]).toEqual([50_000, 3_000]);
  });

  it('is estimated when its end does not come in time', async () => {
    const key = await makeKey(brief);
    brief.simulator.scripts.compact.always(held(compaction()));
    await hangUp(key, '/v1/responses/compact', body, () => brief.simulator.held > 0);
    const [row] = await allRowsOf(brief, key, 1);
    expect(row?.prompt_tokens).toBeGreaterThan(2_000);
    expect(row?.spend).toBeGreaterThan(0);
  });

  it.each(['gpt-5.5-high', 'gpt-5.1-codex'])(
    'is charged by the model that compacts, also when it was asked for as %s',
    async (name) => {
      const [plain, other] = [await makeKey(bench), await makeKey(bench)];
      const counted = { input_tokens: 50_000, output_tokens: 3_000, total_tokens: 53_000 };
      bench.simulator.scripts.compact.always(json(200, { output: [], usage: counted }));
      for (const [key, model] of [
        [plain, 'gpt-5.5'],
        [other, name],
      ] as const)
        expect((await post(key, '/v1/responses/compact', { ...body, model })).status).toBe(200);
      const [[paid], [row]] = [await allRowsOf(bench, plain, 1), await allRowsOf(bench, other, 1)];
      expect(paid?.spend).toBeGreaterThan(0);
      expect([row?.model, row?.spend]).toEqual(['gpt-5.5', paid?.spend]);
      expect(row?.metadata.codex_gateway.stream).toBe(false);
    },
  );

  it('is no stream to the metrics, and they know its model', async () => {
    const key = await makeKey(bench);
    const shown = async (): Promise<readonly ShownSeries[]> =>
      readExposition((await send(bench, '/metrics')).text).series;
    const streams = async (): Promise<number | undefined> =>
      (await shown()).find(({ name, labels }) => name === 'codex_stream_ends_total' && labels['end'] === 'completed')
        ?.value;
    const before = await streams();
    expect((await post(key, '/v1/responses/compact', body)).status).toBe(200);
    const spent = (await shown()).filter(
      ({ name, labels }) => name === 'litellm_spend_metric_total' && labels['hashed_api_key'] === key.id,
    );
    expect(spent.map(({ labels }) => labels['model'])).toEqual(['gpt-5.5']);
    expect(await streams()).toBe(before);
  });
});
