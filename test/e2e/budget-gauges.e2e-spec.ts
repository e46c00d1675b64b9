import { held } from '../simulator/answer';
import { text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { readExposition } from '../support/expositions';
import { startBench } from '../support/gateway';
import { type Door, hangUp, type Holder, holder, manage, rowsOf, spentBy } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { SuiteBench } from '../support/suite-bench';

const chat = '/v1/chat/completions';
const bench = new SuiteBench();
const leftOfKey = 'litellm_remaining_api_key_budget_metric';
const usedOf = 'codex_limit_used_ratio';

/** What a metric reads for a holder, by any of the names of an id in labels; undefined when it is not shown. */
async function gauge(at: Door, metric: string, id: string): Promise<number | undefined> {
  const { series } = readExposition((await send(at, '/metrics')).text);
  const own = series.filter(({ name, labels }) => name === metric && Object.values(labels).includes(id));
  expect(own.length).toBeLessThanOrEqual(1);
  return own[0]?.value;
}

const reads = (metric: string, id: string, value: number | undefined): Promise<void> =>
  eventually(
    `${metric} reads ${value}`,
    async () => {
      const shown = await gauge(bench, metric, id);
      return value === undefined || shown === undefined ? shown === value : Math.abs(shown - value) < 1e-9;
    },
    5_000,
  );

async function asked(key: Holder, stream = false): Promise<void> {
  expect((await post(key, chat, chatBody({ stream }))).status).toBe(200);
}

describe('the gauges of a budget', () => {
  it.each([false, true])(
    'say what is left once a request is settled, and nothing of what it had set aside (stream %s)',
    async (stream) => {
      const key = await holder(bench, { max_budget: 1 });
      await asked(key, stream);
      await rowsOf(bench, key, 1);
      const spent = await spentBy(bench, key);
      expect(spent).toBeGreaterThan(0);
      await reads(leftOfKey, key.id, 1 - spent);
      await reads(usedOf, key.id, spent);
    },
  );

  it('say what is set aside while it runs, and give that back when it fails', async () => {
    const key = await holder(bench, { max_budget: 1 });
    bench.simulator.script.next(held(text('Never told.')));
    const gone = hangUp(key, chat, chatBody(), () => bench.simulator.held > 0);
    await eventually('something is set aside', async () => ((await gauge(bench, leftOfKey, key.id)) ?? 1) < 0.999);
    await gone;
    bench.simulator.release();
    await rowsOf(bench, key, 1);
    await reads(leftOfKey, key.id, 1 - (await spentBy(bench, key)));
  });

  it('follow a hold that is made larger while the answer runs', async () => {
    const key = await holder(bench, { max_budget: 100 });
    const words = Array<string>(6_000).fill('word ');
    const usage = { input: 1_200, cached: 0, output: words.length, reasoning: 0 };
    bench.simulator.script.next(text(words.join(''), { deltas: words, usage }));
    await asked(key, true);
    await rowsOf(bench, key, 1);
    await reads(leftOfKey, key.id, 100 - (await spentBy(bench, key)));
  });
});

describe('the gauges of a budget that is another by now', () => {
  const maxOfKey = 'litellm_api_key_max_budget_metric';

  it('follow what is changed, whoever asks next', async () => {
    const key = await holder(bench, { max_budget: 1 });
    await asked(key);
    await rowsOf(bench, key, 1);
    const spent = await spentBy(bench, key);
    await manage(bench, '/key/update', { key: key.key, max_budget: 5 });
    await reads(maxOfKey, key.id, 5);
    await reads(leftOfKey, key.id, 5 - spent);
    await manage(bench, '/key/update', { key: key.key, max_budget: null });
    await reads(maxOfKey, key.id, undefined);
    await reads(usedOf, key.id, undefined);
  });

  it('are gone with their key and their team', async () => {
    const team_id = String((await manage(bench, '/team/new', { max_budget: 3 }))['team_id']);
    const key = await holder(bench, { max_budget: 1, team_id });
    await asked(key);
    const left = 'litellm_remaining_team_budget_metric';
    await eventually('both are shown', async () => {
      const shown = await Promise.all([gauge(bench, leftOfKey, key.id), gauge(bench, left, team_id)]);
      return shown.every((value) => value !== undefined);
    });
    await manage(bench, '/team/update', { team_id, max_budget: 8 });
    await reads('litellm_team_max_budget_metric', team_id, 8);
    await manage(bench, '/team/delete', { team_ids: [team_id] });
    await reads(left, team_id, undefined);
    await reads(leftOfKey, key.id, undefined);
  });

  it('follow a budget under a name', async () => {
    await manage(bench, '/budget/new', { budget_id: 'intern', max_budget: 2 });
    const key = await holder(bench, { budget_id: 'intern' });
    await asked(key);
    await reads(maxOfKey, key.id, 2);
    await manage(bench, '/budget/update', { budget_id: 'intern', max_budget: 7 });
    await reads(maxOfKey, key.id, 7);
  });

  it('show nobody a soft budget as a limit', async () => {
    const key = await holder(bench, { soft_budget: 1, rpm_limit: 50 });
    await asked(key);
    await eventually('its rate is shown', async () => {
      const { series } = readExposition((await send(bench, '/metrics')).text);
      const own = series.filter(({ labels }) => labels['id'] === key.id);
      expect(own.filter(({ labels }) => labels['limit'] === 'nano_usd')).toEqual([]);
      return own.length > 0;
    });
    expect(await gauge(bench, maxOfKey, key.id)).toBeUndefined();
  });
});

it('prometheus_initialize_budget_metrics shows budgets before anybody has asked', async () => {
  const eager = await startBench({ config: 'litellm_settings: {prometheus_initialize_budget_metrics: true}\n' });
  try {
    const key = await holder(eager, { max_budget: 4 });
    const team_id = String((await manage(eager, '/team/new', { max_budget: 6 }))['team_id']);
    const shown = async (): Promise<readonly (number | undefined)[]> => [
      await gauge(eager, leftOfKey, key.id),
      await gauge(eager, 'litellm_remaining_team_budget_metric', team_id),
    ];
    await eventually('new ones are shown', async () => (await shown()).join() === '4,6', 20_000);
  } finally {
    await eager.close();
  }
});
