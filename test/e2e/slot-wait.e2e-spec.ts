import { held } from '../simulator/answer';
import { text } from '../simulator/answers';
import { chatBody, post, send } from '../support/calls';
import { eventually } from '../support/eventually';
import { startBench, type TestBench } from '../support/gateway';
import { manage } from '../support/holders';

/** A key with one slot, and one call that has it until the simulator lets go. */
describe.each([
  { seconds: 20, second: 200, words: 'waits for its slot' },
  { seconds: 0, second: 429, words: 'is refused at once' },
])('queue_timeout: $seconds', ({ seconds, second, words }) => {
  let bench: TestBench;
  beforeAll(async () => {
    const config = `model_list: [{ model_name: m, litellm_params: { model: codex-oauth/gpt-5.5 } }]\nrouter_settings: { queue_timeout: ${seconds} }\n`;
    bench = await startBench({ config });
  });
  afterAll(() => bench.close());

  it(`a second call of a key with one slot ${words}`, async () => {
    const { key } = await manage(bench, '/key/generate', { max_parallel_requests: 1 });
    const ask = (): ReturnType<typeof post> =>
      post({ url: bench.url, key: String(key) }, '/v1/chat/completions', chatBody({ model: 'm' }));
    bench.simulator.script.next(held(text('slow')));
    const first = ask();
    await eventually('the first is under way', () => bench.simulator.held === 1);
    const next = ask();
    if (second === 429) expect((await next).status).toBe(429);
    else {
      await eventually('the second waits', async () => {
        const { json } = await send(bench, '/health/readiness');
        return (json as { in_flight_requests: number }).in_flight_requests >= 2;
      });
      expect(bench.simulator.held).toBe(1);
    }
    bench.simulator.release();
    expect((await first).status).toBe(200);
    expect((await next).status).toBe(second);
  });
});
