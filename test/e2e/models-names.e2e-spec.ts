import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturesFolder } from '../simulator/catalog';
import { type JsonObject, objectOf, objectsOf } from '../simulator/json';
import { post, type ReadAnswer } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'] as const;
/** What goes out for each of `efforts`. */
const toMax = ['low', 'low', 'low', 'medium', 'high', 'xhigh', 'max', 'xhigh'];
const toXhigh = ['low', 'low', 'low', 'medium', 'high', 'xhigh', 'xhigh', 'xhigh'];
const toHigh = ['low', 'low', 'low', 'medium', 'high', 'high', 'high', 'high'];
const fromMinimal = ['minimal', 'minimal', 'low', 'medium', 'high', 'high', 'high', 'high'];
const mediumAndHigh = ['medium', 'medium', 'medium', 'medium', 'high', 'high', 'high', 'high'];

let bench: TestBench;

interface Sent {
  readonly answer: ReadAnswer;
  /** What reached the upstream. */
  readonly body: JsonObject;
  readonly isLite: boolean;
}

async function sent(model: string, more: JsonObject = {}, surface = '/v1/chat/completions'): Promise<Sent> {
  const mark = bench.simulator.seen.length;
  const words = { messages: [{ role: 'user', content: 'Hello?' }] };
  const answer = await post(bench, surface, { model, ...words, ...more });
  const call = bench.simulator.seen.slice(mark).find(({ path }) => path.endsWith('/responses'));
  expect({ model, status: answer.status, called: call !== undefined }).toEqual({ model, status: 200, called: true });
  const isLite = call?.headers['x-openai-internal-codex-responses-lite'] === 'true';
  return { answer, body: objectOf(call?.body), isLite };
}

const effortOf = ({ body }: Sent): unknown => objectOf(body['reasoning'])['effort'];
const tool = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } };

function recorded(version: string): readonly JsonObject[] {
  const file = join(fixturesFolder(), `models-catalog-bundled-${version}.json`);
  return objectsOf(objectOf(JSON.parse(readFileSync(file, 'utf8')))['models']);
}

describe('the models of today', () => {
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.close());

  describe.each([
    ['gpt-6.1-sol', 'lite', toMax, true],
    ['gpt-6-astra', 'lite', toMax, true],
    ['gpt-6-sol', 'lite', toMax, true],
    ['gpt-6-luna', 'lite', toMax, true],
    ['gpt-5.6-sol', 'lite', toMax, true],
    ['gpt-6.1-terra', 'lite', toMax, true],
    ['gpt-5.6-terra', 'lite', toMax, true],
    ['gpt-5.6-luna', 'lite', toMax, true],
    ['gpt-5.5', 'ordinary', toXhigh, true],
    ['gpt-daybreak-blue-latest', 'lite', toMax, false],
    ['gpt-daybreak-red-latest', 'lite', toMax, false],
    ['codex-auto-review', 'lite', toMax, true],
  ] as const)('%s', (slug, profile, expected, isFast) => {
    it(`is asked in the ${profile} profile, its own effort left to the upstream`, async () => {
      const { answer, body, isLite } = await sent(slug, { tools: [tool] });
      expect([body['model'], isLite]).toEqual([slug, profile === 'lite']);
      expect(answer.headers.get('x-codex-gateway-model-remapped')).toBeNull();
      expect(body['reasoning']).not.toHaveProperty('effort');
      const lead = objectsOf(body['input'])[0]?.['type'];
      if (profile === 'lite') {
        expect(body).not.toHaveProperty('instructions');
        expect(body).not.toHaveProperty('tools');
        expect(lead).toBe('additional_tools');
        expect(body).toMatchObject({ parallel_tool_calls: false, reasoning: { context: 'all_turns' } });
      } else {
        expect(body['instructions']).toMatch(/^You are/);
        expect(body).toMatchObject({ parallel_tool_calls: true, tools: [{ name: 'look' }] });
        expect(lead).toBe('message');
        expect(body['reasoning']).not.toHaveProperty('context');
      }
    });

    it('takes the nearest of its efforts, named by a suffix or by the request', async () => {
      const [bySuffix, byField]: unknown[][] = [[], []];
      for (const effort of efforts) {
        bySuffix?.push(effortOf(await sent(`${slug}-${effort}`)));
        byField?.push(effortOf(await sent(slug, { reasoning_effort: effort })));
      }
      expect(bySuffix).toEqual(expected);
      expect(byField).toEqual(expected);
    });

    it('is told how long to speak, and hurried only where the catalog has that tier', async () => {
      const { answer, body } = await sent(slug, { verbosity: 'high', service_tier: 'priority' });
      expect(body['text']).toEqual({ verbosity: 'high' });
      expect(body['service_tier']).toBe(isFast ? 'priority' : undefined);
      expect(answer.headers.get('x-codex-gateway-dropped-params')).toBe(isFast ? null : 'service_tier');
    });
  });

  it.each([
    ['codex/gpt-5.5', 'gpt-5.5', undefined],
    ['codex-oauth/gpt-5.5', 'gpt-5.5', undefined],
    ['codex_oauth/gpt-6-sol', 'gpt-6-sol', undefined],
    ['chatgpt/gpt-6-sol', 'gpt-6-sol', undefined],
    ['openai/gpt-5.5', 'gpt-5.5', undefined],
    ['codex-gpt-5.5', 'gpt-5.5', undefined],
    ['codex-gpt-6-sol-high', 'gpt-6-sol', 'high'],
    ['openrouter/openai/gpt-5.5', 'gpt-5.5', undefined],
    ['azure/gpt-6-sol:max', 'gpt-6-sol', 'max'],
    ['gpt-5.5_low', 'gpt-5.5', 'low'],
    ['gpt-5.5:high', 'gpt-5.5', 'high'],
    ['gpt-6-sol_ultra', 'gpt-6-sol', 'xhigh'],
    ['codex/GPT-5.5-HIGH', 'gpt-5.5', 'high'],
  ])('%s goes out as %s with effort %s', async (name, slug, effort) => {
    const told = await sent(name);
    expect([told.body['model'], effortOf(told)]).toEqual([slug, effort]);
    expect(told.answer.headers.get('x-codex-gateway-model-remapped')).toBeNull();
  });

  it.each([
    ['gpt-5', 'gpt-5', undefined],
    ['gpt-5-codex', 'gpt-5-codex', undefined],
    ['gpt-5.1', 'gpt-5.1', undefined],
    ['gpt-5.1-codex', 'gpt-5.1-codex', undefined],
    ['gpt-5-codex-mini', 'gpt-5-codex-mini', undefined],
    ['gpt-5.1-codex-mini', 'gpt-5.1-codex-mini', undefined],
    ['gpt-5.1-codex-max', 'gpt-5.1-codex-max', undefined],
    ['gpt-5.2', 'gpt-5.2', undefined],
    ['gpt-5.2-codex', 'gpt-5.2-codex', undefined],
    ['gpt-5.3-codex', 'gpt-5.3-codex', undefined],
    ['gpt-5.4', 'gpt-5.4', undefined],
    ['gpt-5.4-mini', 'gpt-5.4-mini', undefined],
    ['gpt-5-codex-max', 'gpt-5-codex-max', undefined],
    ['codex-mini-latest', 'codex-mini-latest', undefined],
    ['gpt-5-mini', 'gpt-5-mini', undefined],
    ['gpt-5-nano', 'gpt-5-nano', undefined],
    ['gpt-5.1-chat-latest', 'gpt-5.1-chat-latest', undefined],
    ['codex/gpt-5.1-codex-max-xhigh', 'gpt-5.1-codex-max', 'xhigh'],
    ['gpt-5.1-codex-max-max', 'gpt-5.1-codex-max', 'xhigh'],
    ['codex-oauth/gpt-5.1-codex-minimal', 'gpt-5.1-codex', 'low'],
  ])('%s is retired: gpt-5.5 answers, and the header names %s', async (name, retired, effort) => {
    const told = await sent(name);
    expect([told.body['model'], effortOf(told)]).toEqual(['gpt-5.5', effort]);
    expect(told.answer.headers.get('x-codex-gateway-model-remapped')).toBe(`${retired} -> gpt-5.5`);
  });

  it.each(['gpt-9', 'gpt-9-high', 'gpt-9-max', 'gpt-5.3-codex-spark'])(
    'does not let %s through, which the account does not have',
    async (model) => {
      const answer = await post(bench, '/v1/chat/completions', { model, messages: [{ role: 'user', content: 'x' }] });
      expect(answer.json).toMatchObject({ error: { code: '404', param: 'model' } });
      expect(answer.text).toContain(`'${model}'`);
    },
  );
});

describe('an account that still has the old models', () => {
  beforeAll(async () => {
    bench = await startBench();
    const old = [...recorded('0.120.0'), ...recorded('0.144.6').filter(({ slug }) => slug === 'gpt-5.4-mini')];
    bench.simulator.catalog.replace(old);
  });
  afterAll(() => bench.close());

  it.each([
    ['gpt-5', fromMinimal, { verbosity: true, parallel: false }],
    ['gpt-5-codex', toHigh, { verbosity: false, parallel: false }],
    ['gpt-5.1', toHigh, { verbosity: true, parallel: true }],
    ['gpt-5.1-codex', toHigh, { verbosity: false, parallel: false }],
    ['gpt-5-codex-mini', mediumAndHigh, { verbosity: false, parallel: false }],
    ['gpt-5.1-codex-mini', mediumAndHigh, { verbosity: false, parallel: false }],
    ['gpt-5.1-codex-max', toXhigh, { verbosity: false, parallel: false }],
    ['gpt-5.2', toXhigh, { verbosity: true, parallel: true }],
    ['gpt-5.2-codex', toXhigh, { verbosity: false, parallel: true }],
    ['gpt-5.3-codex', toXhigh, { verbosity: true, parallel: true }],
    ['gpt-5.4', toXhigh, { verbosity: true, parallel: true }],
    ['gpt-5.4-mini', toXhigh, { verbosity: true, parallel: true }],
  ])('is served %s itself, with its efforts, verbosity and parallel tools', async (slug, expected, can) => {
    const told: unknown[] = [];
    for (const effort of efforts) told.push(effortOf(await sent(`${slug}:${effort}`)));
    expect(told).toEqual(expected);
    const { answer, body, isLite } = await sent(slug, { verbosity: 'low', tools: [tool] });
    expect([body['model'], isLite, body['parallel_tool_calls']]).toEqual([slug, false, can.parallel]);
    expect(body['text']).toEqual(can.verbosity ? { verbosity: 'low' } : undefined);
    expect(answer.headers.get('x-codex-gateway-dropped-params')).toBe(can.verbosity ? null : 'verbosity');
    expect(answer.headers.get('x-codex-gateway-model-remapped')).toBeNull();
  });

  it.each([
    ['gpt-5-mini', 'gpt-5.1'],
    ['gpt-5-nano', 'gpt-5.1'],
    ['gpt-5.1-chat-latest', 'gpt-5.1'],
    ['gpt-5-codex-max', 'gpt-5.1-codex-max'],
    ['gpt-5-codex-max-high', 'gpt-5.1-codex-max'],
    ['codex-mini-latest', 'gpt-5.1-codex-mini'],
  ])('takes %s for %s', async (name, slug) => {
    expect((await sent(name)).body['model']).toBe(slug);
  });
});

describe('an account without gpt-5.5', () => {
  beforeAll(async () => {
    bench = await startBench();
    bench.simulator.catalog.replace(recorded('0.169.0').filter(({ slug }) => slug !== 'gpt-5.5'));
  });
  afterAll(() => bench.close());

  it('answers a retired model by its visible model of lowest priority, in that one’s profile', async () => {
    const told = await sent('gpt-5.1-codex-high');
    expect([told.body['model'], told.isLite, effortOf(told)]).toEqual(['gpt-6.1-sol', true, 'high']);
    expect(told.answer.headers.get('x-codex-gateway-model-remapped')).toBe('gpt-5.1-codex -> gpt-6.1-sol');
  });
});
