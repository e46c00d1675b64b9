import { type ReportBench } from '../support/report-bench';
import { startSeededBench } from '../support/report-seed';

let bench: ReportBench;
beforeAll(async () => {
  bench = await startSeededBench();
});
afterAll(async () => {
  await bench.close();
});

describe('the books', () => {
  const post = (body?: unknown): RequestInit => ({
    method: 'POST',
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

  it('are repaired by admins and looked at by viewers', async () => {
    bench.books.found = {
      checked: 12,
      mismatches: [{ scope: 'key', id: 'hash-bob', field: 'spent', ledger: 5, counter: 7 }],
      repaired: 1,
      tookMs: 3,
    };

    expect(await bench.json('admin', '/spend/reconcile', post())).toEqual({
      checked: 12,
      mismatches: [{ scope: 'key', id: 'hash-bob', field: 'spent', ledger: 5, counter: 7 }],
      repaired: 1,
      took_ms: 3,
    });
    const repairs = JSON.stringify(await bench.json('admin', '/audit?action=spend.reconcile'));
    expect(repairs).toContain('"after":{"repair":true}');
    expect((await bench.ask('viewer', '/spend/reconcile', post({ repair: false }))).status).toBe(200);
    expect((await bench.ask('viewer', '/spend/reconcile', post())).status).toBe(403);
    expect((await bench.ask('alice', '/spend/reconcile', post({ repair: false }))).status).toBe(403);
    expect((await bench.ask('admin', '/spend/reconcile', post({ repair: 'no' }))).status).toBe(400);
    expect(bench.books.repairs).toEqual([true, false]);
  });

  it('are reset by admins only', async () => {
    expect((await bench.ask('viewer', '/global/spend/reset', post())).status).toBe(403);
    expect((await bench.ask('alice', '/global/spend/reset', post())).status).toBe(403);
    expect(await bench.json('admin', '/global/spend/reset', post())).toMatchObject({ status: 'success' });
    expect(bench.books.resets).toBe(1);
  });

  it('calculate the cost of an answer of either dialect, and of a question', async () => {
    const chat = {
      model: 'gpt-5.5',
      usage: { prompt_tokens: 1_000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 400 } },
    };
    const responses = {
      model: 'gpt-5.5',
      usage: { input_tokens: 1_000, output_tokens: 100, input_tokens_details: { cached_tokens: 400 } },
    };

    // 600 x 5 + 400 x 0.5 + 100 x 30 dollars per million
    for (const completion_response of [chat, responses]) {
      expect(await bench.json('alice', '/spend/calculate', post({ completion_response }))).toEqual({
        cost: 0.0062,
        price_source: 'list',
      });
    }
    expect(
      await bench.json(
        'alice',
        '/spend/calculate',
        post({ completion_response: { ...chat, service_tier: 'priority' } }),
      ),
    ).toMatchObject({ cost: 0.0155 });
    const question = { model: 'gpt-5.5', messages: [{ role: 'user', content: 'x'.repeat(3_970) }] };
    expect(await bench.json('alice', '/spend/calculate', post(question))).toMatchObject({ cost: 0.005 });
    expect(await bench.json('alice', '/spend/calculate', post({ model: 'gpt-9', messages: [] }))).toMatchObject({
      price_source: 'dearest',
    });
    expect((await bench.ask('alice', '/spend/calculate', post({ model: 'gpt-5.5' }))).status).toBe(400);
    expect((await bench.ask('alice', '/spend/calculate', post({ messages: [] }))).status).toBe(400);
  });
});

describe('every door to reports', () => {
  it.each(['/spend/logs', '/v1/usage', '/backend-api/wham/usage', '/global/spend', '/spend/export'])(
    '%s asks for a key',
    async (path) => {
      expect((await fetch(`${bench.url}${path}`)).status).toBe(401);
    },
  );
});
