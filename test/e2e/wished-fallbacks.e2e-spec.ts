import { faults } from '../simulator/faults';
import { objectOf } from '../simulator/json';
import { chatBody, post, type ReadAnswer } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const chat = '/v1/chat/completions';
const spent = { budget_limit: 0.0000001, time_period: '1d' };

interface Own {
  readonly url: string;
  readonly key: string;
}

async function makeKey(bench: TestBench, fields: Readonly<Record<string, unknown>>): Promise<Own> {
  const made = await post(bench, '/key/generate', fields);
  expect(made.status).toBe(200);
  return { url: bench.url, key: (made.json as { readonly key: string }).key };
}

/** What upstream was asked since then, oldest first: model, tier, effort. */
function asked(bench: TestBench, before: number): readonly (readonly unknown[])[] {
  return bench.simulator.seen
    .slice(before)
    .filter(({ path }) => path.endsWith('/responses'))
    .map(({ body }) => {
      const { model, service_tier: tier, reasoning } = objectOf(body);
      return [model, tier, reasoning === undefined ? undefined : objectOf(reasoning)['effort']];
    });
}

function ask(own: Own, body: Readonly<Record<string, unknown>>): Promise<ReadAnswer> {
  return post(own, chat, chatBody(body));
}

describe('fallbacks that a request wishes', () => {
  let bench: TestBench;
  const groups = ['small: gpt-6.1-sol', 'big: gpt-5.5']
    .map((each) => each.split(': '))
    .map(([group, model]) => `  - { model_name: ${group}, litellm_params: { model: codex-oauth/${model} } }\n`);

  beforeAll(async () => {
    bench = await startBench({ config: `model_list:\n${groups.join('')}router_settings: { num_retries: 0 }\n` });
  });
  afterAll(() => bench.close());
  beforeEach(() => {
    bench.simulator.script.clear();
    bench.simulator.script.when(({ body }) => objectOf(body)['model'] === 'gpt-6.1-sol', faults.overloaded503);
  });

  const wished = { model: 'small', fallbacks: [{ model: 'big', service_tier: 'priority', reasoning_effort: 'xhigh' }] };

  it('are asked', async () => {
    const before = bench.simulator.seen.length;
    expect((await ask(await makeKey(bench, {}), wished)).status).toBe(200);
    expect(asked(bench, before)).toEqual([
      ['gpt-6.1-sol', undefined, undefined],
      ['gpt-5.5', 'priority', 'xhigh'],
    ]);
  });

  it('bring fields of their own only where mapping the request once more is cheap', async () => {
    const own = await makeKey(bench, {});
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`x${at}`, 1]));
    for (const body of [
      { ...wished, ...many },
      { ...wished, user: 'u', metadata: { note: 'n'.repeat(1_100_000) } },
    ]) {
      const { status, text } = await ask(own, body);
      expect([status, text]).toEqual([400, expect.stringContaining("'fallbacks' may bring fields of their own")]);
      bench.simulator.script.clear();
      expect((await ask(own, { ...body, fallbacks: ['big'] })).status).not.toBe(400);
    }
  });

  it('are kept to the policy of their key', async () => {
    const before = bench.simulator.seen.length;
    const own = await makeKey(bench, { service_tier: 'forbidden', max_reasoning_effort: 'low' });
    expect((await ask(own, wished)).status).toBe(200);
    expect(asked(bench, before)).toEqual([
      ['gpt-6.1-sol', undefined, 'low'],
      ['gpt-5.5', undefined, 'low'],
    ]);
  });

  it('are not asked for a key with one model for everything', async () => {
    const before = bench.simulator.seen.length;
    const own = await makeKey(bench, { forced_model: 'small' });
    expect((await ask(own, { ...wished, context_window_fallbacks: [{ small: ['big'] }] })).status).toBe(503);
    expect(asked(bench, before).map(([model]) => model)).toEqual(['gpt-6.1-sol']);
  });

  it('do not stand in where they have a limit of their own, which the request did not pass', async () => {
    const before = bench.simulator.seen.length;
    const own = await makeKey(bench, { model_max_budget: { big: spent } });
    expect((await ask(own, { model: 'small', fallbacks: ['big'] })).status).toBe(503);
    expect(asked(bench, before).map(([model]) => model)).toEqual(['gpt-6.1-sol']);
  });
});
