import { ledgerRow } from '../support/memory-books';
import { type ReportBench } from '../support/report-bench';
import { idsOf, span, startSeededBench } from '../support/report-seed';

let bench: ReportBench;
beforeAll(async () => {
  bench = await startSeededBench();
});
afterAll(async () => {
  await bench.close();
});

describe('GET /spend/logs', () => {
  it('shows a request in LiteLLM’s shape, with dollars as numbers and times as ISO', async () => {
    const [row] = (await bench.json('admin', '/spend/logs?request_id=a1')) as unknown as [Record<string, unknown>];

    expect(row).toMatchObject({
      request_id: 'a1',
      call_type: 'acompletion',
      api_key: 'hash-alice',
      spend: 0.0062,
      total_tokens: 1_100,
      prompt_tokens: 1_000,
      completion_tokens: 100,
      startTime: '2026-11-20T12:00:00.000Z',
      completionStartTime: null,
      model: 'gpt-5.5',
      model_id: 'd1',
      model_group: 'team-default',
      custom_llm_provider: 'codex',
      user: 'alice',
      team_id: 'core',
      end_user: 'acme',
      request_tags: ['ci', 'nightly'],
      session_id: 's1',
      status: 'success',
      messages: {},
      response: {},
    });
    expect(row['metadata']).toMatchObject({
      user_api_key_alias: 'alice-laptop',
      usage_object: { prompt_tokens: 1_000, prompt_tokens_details: { cached_tokens: 400 } },
      additional_usage_values: { cache_read_input_tokens: 400, reasoning_tokens: 40 },
      codex_gateway: { quality: 'exact', account: 'work', service_tier: { billed: 'standard' } },
    });
  });

  it('shows the account and the address of the upstream to operators only', async () => {
    const [own] = (await bench.json('alice', '/spend/logs?request_id=a1')) as unknown as [Record<string, unknown>];

    expect(own['api_base']).toBe('');
    expect(JSON.stringify(own)).not.toContain('"account"');
  });

  it('shows a holder what all keys of the person did, and nothing of others', async () => {
    expect(await idsOf(bench, 'alice', '/spend/logs')).toEqual(['a2', 'a1']);
    expect(await idsOf(bench, 'bob', '/spend/logs')).toEqual(['b1']);
    expect(await idsOf(bench, 'bot', '/spend/logs')).toEqual(['c1']);
    expect(await idsOf(bench, 'viewer', '/spend/logs')).toEqual(['c1', 'b1', 'a2', 'a1']);
    expect(await idsOf(bench, 'bob', '/spend/logs?request_id=a1')).toEqual([]);
    expect(await idsOf(bench, 'bob', '/spend/logs?api_key=hash-alice')).toEqual([]);
  });

  it.each([
    ['bob', '/spend/logs?user_id=alice'],
    ['bot', '/spend/logs?api_key=hash-alice'],
    ['bot', `/spend/logs/v2?${span}&user_id=alice`],
    ['bob', `/user/daily/activity?${span}&user_id=alice`],
    ['bot', '/spend/export?api_key=hash-alice'],
  ] as const)('refuses %s who asks for %s', async (holder, path) => {
    const answer = await bench.ask(holder, path);

    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { type: 'auth_error', code: '403' } });
  });

  it('finds a key by its plain form too', async () => {
    bench.ledger.add(
      ledgerRow({
        id: 'p1',
        startMs: Date.UTC(2026, 10, 2),
        keyHash: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
      }),
    );
    try {
      // The digest is that of "foo", which is no key of ours and so taken for a hash.
      expect(await idsOf(bench, 'admin', '/spend/logs?api_key=foo')).toEqual([]);
      expect(
        await idsOf(
          bench,
          'admin',
          '/spend/logs?api_key=2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
        ),
      ).toEqual(['p1']);
    } finally {
      bench.ledger.rows.shift();
    }
  });

  it('sums up days by user, model and key, and goes on to the end with empty days', async () => {
    const days = (await bench.json(
      'admin',
      '/spend/logs?start_date=2026-11-20&end_date=2026-11-24',
    )) as unknown as Record<string, unknown>[];

    expect(days).toEqual([
      {
        startTime: '2026-11-20',
        spend: 0.0062,
        users: { alice: 0.0062 },
        models: { 'gpt-5.5': 0.0062 },
        'hash-alice': 0.0062,
      },
      {
        startTime: '2026-11-21',
        spend: 0.001,
        users: { alice: 0.001, bob: 0 },
        models: { 'gpt-6-sol': 0.001, 'gpt-5.5': 0 },
        'hash-alice2': 0.001,
        'hash-bob': 0,
      },
      {
        startTime: '2026-11-22',
        spend: 0.0062,
        users: { None: 0.0062 },
        models: { 'gpt-5.5': 0.0062 },
        'hash-bot': 0.0062,
      },
      { startTime: '2026-11-23', spend: 0, users: {}, models: {} },
      { startTime: '2026-11-24', spend: 0, users: {}, models: {} },
    ]);
    expect(
      await idsOf(bench, 'admin', '/spend/logs?start_date=2026-11-20&end_date=2026-11-20&summarize=false'),
    ).toEqual(['a1']);
  });
});

describe('GET /spend/logs/v2 and /spend/logs/ui', () => {
  it('pages, newest first', async () => {
    const first = await bench.json('admin', `/spend/logs/v2?${span}&page_size=3`);
    const second = await bench.json('admin', `/spend/logs/ui?${span}&page_size=3&page=2&sort_order=desc`);

    expect(first).toMatchObject({ total: 4, page: 1, page_size: 3, total_pages: 2 });
    expect(await idsOf(bench, 'admin', `/spend/logs/v2?${span}&page_size=3`)).toEqual(['c1', 'b1', 'a2']);
    expect((second as unknown as { data: { request_id: string }[] }).data.map((row) => row.request_id)).toEqual(['a1']);
  });

  it.each([
    ['status_filter=failure', ['b1']],
    ['model=gpt-6-sol', ['a2']],
    ['model=fast', ['a2']],
    ['model_group=fast', ['a2']],
    ['model_group=gpt-6-sol', []],
    ['min_spend=0.002', ['c1', 'a1']],
    ['min_spend=0.0005&max_spend=0.002', ['a2']],
    ['team_id=core', ['b1', 'a2', 'a1']],
    ['api_key=hash-alice', ['a1']],
    ['user_id=bob', ['b1']],
    ['end_user=acme', ['a1']],
    ['session_id=s1', ['a1']],
    ['key_alias=bob-desk', ['b1']],
    ['error_code=429', ['b1']],
    ['request_id=a2', ['a2']],
    ['sort_by=spend&sort_order=asc', ['b1', 'a2', 'a1', 'c1']],
    ['sort_order=asc', ['a1', 'a2', 'b1', 'c1']],
  ])('filters and sorts by %s', async (filter, ids) => {
    expect(await idsOf(bench, 'admin', `/spend/logs/v2?${span}&${filter}`)).toEqual(ids);
  });

  it('takes times to the second, the last one included', async () => {
    const from = encodeURIComponent('2026-11-21 12:00:00');
    const until = encodeURIComponent('2026-11-21 13:00:00');

    expect(await idsOf(bench, 'admin', `/spend/logs/v2?start_date=${from}&end_date=${until}`)).toEqual(['b1', 'a2']);
  });

  it('says when a total counts only what was found so far', async () => {
    const page = await bench.json('admin', `/spend/logs/v2?${span}&status_filter=success&page_size=2`);

    expect(page).toMatchObject({ total: 3, total_pages: 2, total_is_exact: false });
  });

  it.each([
    ['', 'start_date'],
    ['start_date=2026-11-01', 'end_date'],
    ['start_date=2026-02-31&end_date=2026-03-01', 'start_date'],
    ['start_date=yesterday&end_date=2026-03-01', 'start_date'],
    [`${span}&page=0`, 'page'],
    [`${span}&page_size=many`, 'page_size'],
    [`${span}&status_filter=pending`, 'status_filter'],
    [`${span}&min_spend=much`, 'min_spend'],
    [`${span}&sort_by=secrets`, 'sort_by'],
    [`${span}&sort_order=up`, 'sort_order'],
  ])('names the field when it is asked with "%s"', async (query, field) => {
    const answer = await bench.ask('admin', `/spend/logs/v2?${query}`);

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error', param: field } });
  });
});
