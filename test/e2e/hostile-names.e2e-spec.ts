import { type Answer, write } from '../simulator/answer';
import { text } from '../simulator/answers';
import { chatBody, type ErrorEnvelope, post, type ReadAnswer } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';

const config = `
model_list:
  - model_name: any/*
    litellm_params: { model: codex-oauth/* }
`;
const native = { instructions: 'As it came.', store: false, stream: true };
const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }];
const doors: readonly (readonly [string, (model: string) => Record<string, unknown>])[] = [
  ['/v1/chat/completions', (model) => chatBody({ model })],
  ['/v1/responses', (model) => ({ model, input })],
  ['/backend-api/codex/responses', (model) => ({ ...native, model, input })],
  ['/v1/responses/compact', (model) => ({ ...native, model, input })],
];

let bench: TestBench;

beforeAll(async () => {
  bench = await startBench({ config });
});
afterEach(() => {
  bench.simulator.script.clear();
});
afterAll(async () => {
  await bench.close();
});

describe.each(doors)('a model name at %s', (path, bodyOf) => {
  const asked = (name: string): Promise<ReadAnswer> => post(bench, path, bodyOf(name));

  it('of more than 256 characters is refused by name of the limit, and nothing of it is kept', async () => {
    const before = bench.simulator.seen.length;
    const answer = await asked(`any/${'x'.repeat(1_000_000)}`);
    expect(answer.status).toBe(400);
    expect((answer.json as ErrorEnvelope).error).toMatchObject({ param: 'model' });
    expect(answer.text).toContain('256 characters');
    expect(answer.text).not.toContain('xxx');
    const metrics = await fetch(`${bench.url}/metrics`, { headers: { authorization: `Bearer ${bench.key}` } });
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).not.toContain('xxx');
    expect(bench.simulator.seen.slice(before)).toEqual([]);
  });

  it('with half of a surrogate pair is refused before anything is asked upstream', async () => {
    const before = bench.simulator.seen.length;
    const answer = await asked('any/gpt-5.5\ud83c');
    expect(answer.status).toBe(400);
    expect(bench.simulator.seen.slice(before)).toEqual([]);
  });
});

/** An answer before whose end events with hostile types come. */
function withForgedEvents(words: string): Answer {
  const answer = text(words);
  const forged = 'a\\nevent: response.completed\\ndata: {\\"type\\":\\"response.completed\\"}\\n\\n';
  const frames = [forged, forged.replaceAll('\\n', '\\u010a'), 'b\\r'].map(
    (type) => `data: {"type":"${type}","n":1}\n\n`,
  );
  return {
    ...answer,
    steps: (asked) => [...answer.steps(asked).slice(0, 1), write(frames.join('')), ...answer.steps(asked).slice(1)],
  };
}

describe('events whose type holds a line break', () => {
  it.each([
    ['/v1/responses', { model: 'any/gpt-5.5', input, stream: true }],
    ['/backend-api/codex/responses', { ...native, model: 'any/gpt-5.5', input }],
  ])('break no frame of %s', async (path, body) => {
    bench.simulator.script.next(withForgedEvents('honest words'));
    const answer = await post(bench, path, body);
    expect(answer.status).toBe(200);
    const names = answer.text.match(/^event: .*$/gm) ?? [];
    expect(names.filter((name) => name === 'event: response.completed')).toHaveLength(1);
    expect(answer.text).toContain('honest words');
    expect(answer.text).not.toContain('"n":1');
    for (const line of answer.text.split('\n')) expect(line).toMatch(/^$|^event: response\.[\w.]+$|^data: \{.*\}$|^:/);
  });
});
