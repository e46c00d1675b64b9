import { type ReportBench } from '../support/report-bench';
import { span, startSeededBench } from '../support/report-seed';

let bench: ReportBench;
beforeAll(async () => {
  bench = await startSeededBench();
});
afterAll(async () => {
  await bench.close();
});

describe('reports about everybody', () => {
  const paths = [
    `/global/spend/report?${span}`,
    '/global/spend',
    `/global/spend/logs?${span}`,
    `/global/spend/keys?${span}`,
    `/global/spend/models?${span}`,
    `/global/spend/provider?${span}`,
    `/global/spend/teams?${span}`,
    `/global/spend/tags?${span}`,
    `/global/activity?${span}`,
    `/global/activity/model?${span}`,
    `/spend/keys?${span}`,
    `/spend/users?${span}`,
    `/spend/tags?${span}`,
    '/provider/budgets',
  ];

  it.each(paths)('%s is open to admins and viewers only', async (path) => {
    expect((await bench.ask('admin', path)).status).toBe(200);
    expect((await bench.ask('viewer', path)).status).toBe(200);
    expect((await bench.ask('alice', path)).status).toBe(403);
  });

  it('report spend per day and team or customer, or per key', async () => {
    const teams = (await bench.json('admin', `/global/spend/report?${span}&group_by=team`)) as unknown as object[];
    expect(teams).toEqual([
      {
        group_by_day: '2026-11-20T00:00:00+00:00',
        teams: [
          {
            team_name: 'core',
            total_spend: 0.0062,
            metadata: [{ model: 'gpt-5.5', spend: 0.0062, total_tokens: 1_100, api_key: 'hash-alice' }],
          },
        ],
      },
      {
        group_by_day: '2026-11-21T00:00:00+00:00',
        teams: [
          {
            team_name: 'core',
            total_spend: 0.001,
            metadata: [
              { model: 'gpt-6-sol', spend: 0.001, total_tokens: 1_100, api_key: 'hash-alice2' },
              { model: 'gpt-5.5', spend: 0, total_tokens: 0, api_key: 'hash-bob' },
            ],
          },
        ],
      },
      {
        group_by_day: '2026-11-22T00:00:00+00:00',
        teams: [
          {
            team_name: 'Unassigned Team',
            total_spend: 0.0062,
            metadata: [{ model: 'gpt-5.5', spend: 0.0062, total_tokens: 1_100, api_key: 'hash-bot' }],
          },
        ],
      },
    ]);
    const keys = (await bench.json('admin', `/global/spend/report?${span}&group_by=api_key`)) as unknown as object[];
    expect(keys).toContainEqual({
      api_key: 'hash-alice2',
      total_cost: 0.001,
      total_input_tokens: 1_000,
      total_output_tokens: 100,
      model_details: [{ model: 'gpt-6-sol', total_cost: 0.001, total_input_tokens: 1_000, total_output_tokens: 100 }],
    });
    expect((await bench.ask('admin', `/global/spend/report?${span}&group_by=planet`)).status).toBe(400);
  });

  it('report one key, one person, or one customer within one team, as LiteLLM does without group_by', async () => {
    const report = (query: string) => bench.json('admin', `/global/spend/report?${span}&${query}`);
    const ofKey = { api_key: 'hash-alice2', total_cost: 0.001 };
    expect(await report('api_key=hash-alice2')).toMatchObject([ofKey]);
    expect(await report('internal_user_id=alice')).toMatchObject([
      { api_key: 'hash-alice', total_cost: 0.0062 },
      ofKey,
    ]);
    const metadata = [{ model: 'gpt-5.5', spend: 0.0062, total_tokens: 1_100, api_key: 'hash-alice' }];
    expect(await report('team_id=core&customer_id=acme')).toEqual([
      {
        group_by_day: '2026-11-20T00:00:00+00:00',
        teams_customers: [{ team_name: 'core', customer: 'acme', total_spend: 0.0062, metadata }],
      },
    ]);
    expect(await report('group_by=api_key&team_id=core&customer_id=acme')).toMatchObject([{ api_key: 'hash-alice' }]);
    expect(await report('team_id=moon&customer_id=acme')).toEqual([]);
  });

  it('report by customer what is of none as well, so that the days add up', async () => {
    const report = (query: string) => bench.json('admin', `/global/spend/report?${span}&group_by=customer${query}`);
    const keys = (...ofDay: readonly [string, number][]) => ofDay.map(([api_key, spend]) => ({ api_key, spend }));
    const ofCore = [
      { customers: [{ customer: 'acme', total_spend: 0.0062, metadata: keys(['hash-alice', 0.0062]) }] },
      { customers: [{ customer: '', total_spend: 0.001, metadata: keys(['hash-alice2', 0.001], ['hash-bob', 0]) }] },
    ];
    const ofBot = { customers: [{ customer: '', total_spend: 0.0062, metadata: keys(['hash-bot', 0.0062]) }] };
    expect(await report('')).toMatchObject([...ofCore, ofBot]);
    expect(await report('&team_id=core')).toMatchObject(ofCore);
    expect(await report('&customer_id=acme')).toMatchObject(ofCore.slice(0, 1));
    expect(await report('&api_key=hash-bot')).toMatchObject([ofBot]);
  });

  it('say what was spent in all and how much of it by whom', async () => {
    expect(await bench.json('admin', '/global/spend')).toEqual({ spend: 0.0134, max_budget: 90 });
    expect(await bench.json('admin', `/global/spend/keys?${span}&limit=1`)).toEqual([
      { api_key: 'hash-alice', key_alias: 'alice-laptop', key_name: 'alice-laptop', total_spend: 0.0062 },
    ]);
    expect(await bench.json('admin', `/global/spend/models?${span}`)).toEqual([
      { model: 'gpt-5.5', total_spend: 0.0124 },
      { model: 'gpt-6-sol', total_spend: 0.001 },
    ]);
    expect(await bench.json('admin', `/global/spend/provider?${span}`)).toEqual([
      { provider: 'codex', spend: 0.0072 },
      { provider: 'openai', spend: 0.0062 },
    ]);
    expect(await bench.json('admin', `/global/spend/tags?${span}&tags=ci`)).toEqual({
      spend_per_tag: [{ name: 'ci', spend: 0.0062, log_count: 1 }],
    });
    expect(await bench.json('admin', `/spend/tags?${span}`)).toEqual([
      { individual_request_tag: 'ci', log_count: 1, total_spend: 0.0062 },
      { individual_request_tag: 'nightly', log_count: 1, total_spend: 0.0062 },
    ]);
    expect(await bench.json('admin', `/spend/users?${span}`)).toEqual([
      { user_id: 'alice', spend: 0.0072 },
      { user_id: 'bob', spend: 0 },
    ]);
    expect(await bench.json('admin', `/global/spend/teams?start_date=2026-11-20&end_date=2026-11-20`)).toEqual({
      daily_spend: [{ date: '2026-11-20', core: 0.0062 }],
      teams: ['core'],
      total_spend_per_team: [{ team_id: 'core', total_spend: 0.0062 }],
    });
    expect(await bench.json('admin', `/global/spend/teams?${span}`)).toMatchObject({
      teams: ['core', 'Unassigned'],
      total_spend_per_team: [
        { team_id: 'core', total_spend: 0.0072 },
        { team_id: 'Unassigned', total_spend: 0.0062 },
      ],
    });
    expect(await bench.json('admin', '/global/activity/model?start_date=2026-11-21&end_date=2026-11-21')).toEqual([
      {
        model: 'fast',
        daily_data: [{ date: '2026-11-21', api_requests: 1, total_tokens: 1_100 }],
        sum_api_requests: 1,
        sum_total_tokens: 1_100,
      },
      {
        model: 'team-default',
        daily_data: [{ date: '2026-11-21', api_requests: 1, total_tokens: 0 }],
        sum_api_requests: 1,
        sum_total_tokens: 0,
      },
    ]);
    expect(await bench.json('admin', '/provider/budgets')).toMatchObject({
      providers: { codex: { budget_limit: 5, time_period: '7d' } },
    });
  });
});
