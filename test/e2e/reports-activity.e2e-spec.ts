import { type ReportBench } from '../support/report-bench';
import { span, startSeededBench } from '../support/report-seed';

let bench: ReportBench;
beforeAll(async () => {
  bench = await startSeededBench();
});
afterAll(async () => {
  await bench.close();
});

/** More ids than are read one by one. */
const many = Array.from({ length: 120 }, (_, at) => `nobody-${at}`).join(',');

describe('daily activity', () => {
  it('splits each day by model, provider, endpoint, key and entity', async () => {
    const body = await bench.json('admin', `/user/daily/activity?${span}&page_size=100`);
    const [newest, middle] = body['results'] as {
      date: string;
      metrics: object;
      breakdown: Record<string, Record<string, unknown>>;
    }[];

    expect(newest?.date).toBe('2026-11-22');
    expect(middle).toMatchObject({
      date: '2026-11-21',
      metrics: {
        spend: 0.001,
        prompt_tokens: 1_000,
        completion_tokens: 100,
        cache_read_input_tokens: 400,
        cache_creation_input_tokens: 0,
        total_tokens: 1_100,
        successful_requests: 1,
        failed_requests: 1,
        api_requests: 2,
      },
      breakdown: {
        models: {
          'gpt-6-sol': {
            metrics: { spend: 0.001 },
            api_key_breakdown: { 'hash-alice2': { metrics: { api_requests: 1 } } },
          },
        },
        model_groups: { fast: {}, 'team-default': {} },
        providers: { codex: { metrics: { api_requests: 2 } } },
        endpoints: { acompletion: {} },
        api_keys: {
          'hash-bob': { metadata: { key_alias: 'bob-desk', team_id: 'core', user_id: 'bob', user_email: null } },
        },
        entities: { alice: {}, bob: { metrics: { failed_requests: 1 } } },
        mcp_servers: {},
      },
    });
    expect(body['metadata']).toMatchObject({
      total_spend: 0.0134,
      total_api_requests: 4,
      total_failed_requests: 1,
      total_tokens: 3_300,
      page: 1,
      total_pages: 1,
      has_more: false,
    });
  });

  it('pages by days, and the pages together are the aggregated answer', async () => {
    const pages: Record<string, unknown>[] = [];
    for (let page = 1; ; page += 1) {
      const body = await bench.json('admin', `/user/daily/activity?${span}&page=${page}&page_size=9`);
      pages.push(body);
      if (!(body['metadata'] as { has_more: boolean }).has_more) break;
    }
    const whole = await bench.json('admin', `/user/daily/activity/aggregated?${span}`);

    expect(pages).toHaveLength(4);
    expect(pages.flatMap((body) => body['results'])).toEqual(whole['results']);
    const total = pages.reduce(
      (sum, body) => sum + (body['metadata'] as { total_api_requests: number }).total_api_requests,
      0,
    );
    expect(total).toBe((whole['metadata'] as { total_api_requests: number }).total_api_requests);
    expect(await bench.json('admin', `/user/daily/activity?${span}&page=900719925474099`)).toMatchObject({
      results: [],
    });
  });

  it.each([
    ['admin', `/team/daily/activity?${span}&team_ids=core,other`, 3],
    ['admin', `/team/daily/activity?${span}&team_ids=${many},core`, 3],
    ['admin', `/user/daily/activity?${span}&user_ids=${many},bob`, 1],
    ['admin', `/team/daily/activity?${span}`, 3],
    ['admin', `/team/daily/activity?${span}&exclude_team_ids=core`, 0],
    ['alice', `/team/daily/activity?${span}&team_ids=core`, 2],
    ['admin', `/tag/daily/activity?${span}&tags=ci`, 1],
    ['admin', `/tag/daily/activity?${span}`, 2],
    ['admin', `/customer/daily/activity?${span}&end_user_ids=acme`, 1],
    ['bob', `/customer/daily/activity?${span}&end_user_ids=acme`, 0],
    ['admin', `/user/daily/activity?${span}&user_id=alice`, 2],
    ['admin', `/user/daily/activity?${span}&api_key=hash-alice`, 1],
    ['admin', `/user/daily/activity?${span}&model=fast`, 1],
    ['alice', `/user/daily/activity/aggregated?${span}`, 2],
    ['bot', `/user/daily/activity/aggregated?${span}`, 1],
    ['viewer', `/user/daily/activity/aggregated?${span}`, 4],
  ] as const)('%s sees under %s so many requests: %d', async (holder, path, requests) => {
    const path100 = path.includes('aggregated') ? path : `${path}&page_size=100`;
    const { metadata } = (await bench.json(holder, path100)) as { metadata: { total_api_requests: number } };

    expect(metadata.total_api_requests).toBe(requests);
  });
});
