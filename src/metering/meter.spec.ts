import { ledgerRow } from '../../test/support/ledger-rows';
import { admittedOf, bookKinds, BooksSuite, budget, ended, keyScope, until } from '../../test/support/books-world';

const hour = 3_600_000;
const suite = new BooksSuite();

const asking = suite.asking;

describe.each(bookKinds)('the meter with %s', (kind) => {
  it('lets a request in, tells every limit, and settles it into books, ledger and daily figures', async () => {
    const { meter, ledger } = await suite.open(kind);
    const scopes = [
      keyScope({
        requestsPerWindow: 5,
        tokensPerWindow: 1_000,
        parallel: 3,
        budgets: [budget(1_000, '1d'), budget(5_000)],
      }),
      { kind: 'team' as const, id: 't1', limits: { budgets: [] }, mode: 'enforce' as const },
    ];
    const request = asking(scopes, { nanos: 100, tokens: 10 }, { teamId: 't1' });
    const answer = admittedOf(await meter.admit(request));
    expect(answer.limits.map(({ scope, limit, period, max, used }) => [scope, limit, period, max, used])).toEqual([
      ['key', 'requests', 'window', 5, 1],
      ['key', 'tokens', 'window', 1_000, 10],
      ['key', 'parallel', 'window', 3, 1],
      ['key', 'nano_usd', '1d', 1_000, 100],
      ['key', 'nano_usd', 'lifetime', 5_000, 100],
    ]);
    expect(answer.limits[0]?.resetAtMs).toBeGreaterThan(suite.world.clock.nowMs() + 50_000);
    expect(answer).toMatchObject({ observed: [], routing: { inFlight: [0], pins: [undefined, undefined] } });
    await meter.settle(ended(request, 90));
    const [key, team] = await ledger.counters([
      { kind: 'key', id: 'k1' },
      { kind: 'team', id: 't1' },
    ]);
    expect(key).toMatchObject({ spent: 90, held: 0, running: 0, window: { requests: 1, tokens: 120 } });
    expect(key?.budgets.map(({ duration, used, held }) => [duration, used, held])).toEqual(
      expect.arrayContaining([
        ['1d', 90, 0],
        [undefined, 90, 0],
      ]),
    );
    expect(team?.spent).toBe(90);
    expect(await ledger.row(request.ticketId)).toEqual(ended(request, 90));
    const page = await ledger.page({ teamId: 't1', order: 'newest', offset: 0, limit: 10 });
    expect(page).toEqual({ rows: [ended(request, 90)], total: 1, isTotalExact: true });
    const day = new Date(request.draft.startMs).toISOString().slice(0, 10);
    const [cell] = await ledger.days('team', 't1', day, day);
    expect(cell).toMatchObject({
      day,
      kind: 'team',
      id: 't1',
      keyHash: 'k1',
      model: 'gpt-5.5',
      endpoint: 'acompletion',
    });
    expect(cell?.metrics).toMatchObject({ spend: 90, inputTokens: 100, outputTokens: 20, succeeded: 1, failed: 0 });
    expect((await ledger.days('key', undefined, day, day)).map(({ id }) => id)).toEqual(['k1']);
  });

  it('names the limit that refuses, and a refusal changes nothing', async () => {
    const { meter, ledger } = await suite.open(kind);
    const scopes = [keyScope({ parallel: 1, requestsPerWindow: 9, budgets: [budget(150, '1d')] })];
    const first = asking(scopes);
    await meter.admit(first);
    const before = await ledger.counters([{ kind: 'key', id: 'k1' }]);
    const refused = await meter.admit(asking(scopes));
    expect(refused).toMatchObject({
      kind: 'refused',
      limit: { scope: 'key', limit: 'nano_usd', period: '1d', max: 150, used: 100, name: 'a key' },
    });
    expect(await ledger.counters([{ kind: 'key', id: 'k1' }])).toEqual(before);
    const cheap = await meter.admit(asking(scopes, { nanos: 50 }));
    expect(cheap).toMatchObject({ kind: 'refused', limit: { limit: 'parallel', max: 1, used: 1 } });
    await meter.settle(ended(first, 100));
    expect(await meter.admit(asking(scopes, { nanos: 50 }))).toMatchObject({ kind: 'admitted' });
  });

  it('counts and tells in observe mode, and refuses nothing', async () => {
    const { meter } = await suite.open(kind);
    const scopes = [keyScope({ requestsPerWindow: 1, budgets: [budget(120)] }, { mode: 'observe' })];
    admittedOf(await meter.admit(asking(scopes)));
    const answer = admittedOf(await meter.admit(asking(scopes)));
    expect(answer.observed.map(({ limit, used, max }) => [limit, used, max])).toEqual([
      ['nano_usd', 200, 120],
      ['requests', 2, 1],
    ]);
  });

  it('gives one answer for a repeated admission and books a repeated settlement once', async () => {
    const { meter, ledger } = await suite.open(kind);
    const request = asking([keyScope({ requestsPerWindow: 1, budgets: [budget(1_000)] })]);
    expect(await meter.admit(request)).toEqual(await meter.admit(request));
    for (let times = 0; times < 3; times += 1) await meter.settle(ended(request));
    await meter.admit(request);
    const [book] = await ledger.counters([{ kind: 'key', id: 'k1' }]);
    expect(book).toMatchObject({ spent: 90, running: 0, window: { requests: 1 } });
  });

  it('gives what is left of a budget to a request that may cost more, unless others hold some of it', async () => {
    const { meter, ledger } = await suite.open(kind);
    const team = keyScope({ budgets: [budget(1_000), budget(70, '1d')] }, { kind: 'team', id: 't1' });
    const ask = (nanos: number) => asking([keyScope({ budgets: [budget(250)] }), team], { nanos }, { teamId: 't1' });
    const big = ask(400);
    expect(admittedOf(await meter.admit(big))).toMatchObject({ granted: { nanos: 70, tokens: 10 } });
    // Of 250 and of 1000 there is room, of 70 there is none while the first one holds it.
    const second = ask(1);
    expect(await meter.admit(second)).toMatchObject({ kind: 'refused', limit: { scope: 'team', max: 70, used: 70 } });
    await meter.settle(ended(big, 20));
    expect(admittedOf(await meter.admit(second))).toMatchObject({ granted: { nanos: 1 } });
    const third = ask(50);
    expect(await meter.admit(third)).toMatchObject({ kind: 'refused', limit: { max: 70, used: 21 } });
    await meter.settle(ended(second, 1));
    expect(admittedOf(await meter.admit(third)).granted.nanos).toBe(49);
    // Said again it is the same.
    expect(admittedOf(await meter.admit(third)).granted.nanos).toBe(49);
    await meter.settle(ended(third, 49));
    expect(await meter.admit(ask(100))).toMatchObject({ kind: 'refused', limit: { max: 70, used: 70 } });
    const [book] = await ledger.counters([{ kind: 'team', id: 't1' }]);
    expect(book).toMatchObject({ spent: 70, held: 0, running: 0 });
  });

  it('refuses where less is left than a request takes in any case, and says so in observe mode only then', async () => {
    const { meter } = await suite.open(kind);
    const least = { nanos: 30, tokens: 4 };
    const money = [keyScope({ budgets: [budget(29)] })];
    expect(await meter.admit({ ...asking(money), least })).toMatchObject({ kind: 'refused', limit: { used: 0 } });
    expect(admittedOf(await meter.admit({ ...asking(money), least: { nanos: 29, tokens: 4 } })).granted.nanos).toBe(29);
    const tokens = [keyScope({ budgets: [{ unit: 'tokens', max: 7, anchorMs: 0 }] }, { id: 'k2' })];
    const short = asking(tokens, {}, { keyHash: 'k2' });
    expect(admittedOf(await meter.admit({ ...short, least })).granted).toEqual({ nanos: 100, tokens: 7 });
    const seen = [keyScope({ budgets: [budget(50)] }, { id: 'k3', mode: 'observe' })];
    const watched = admittedOf(await meter.admit({ ...asking(seen, {}, { keyHash: 'k3' }), least }));
    expect(watched).toMatchObject({ granted: { nanos: 100 }, observed: [] });
    const next = admittedOf(await meter.admit({ ...asking(seen, {}, { keyHash: 'k3' }), least }));
    expect(next.observed).toMatchObject([{ limit: 'nano_usd', used: 200, max: 50 }]);
  });

  it('sets more aside for a running request, until the budget is full', async () => {
    const { meter } = await suite.open(kind);
    const request = asking([keyScope({ budgets: [budget(300)] })]);
    await meter.admit(request);
    expect(await meter.extend(request.ticketId, { nanos: 150, tokens: 5 })).toEqual({ nanos: 150, tokens: 5 });
    expect(await meter.extend(request.ticketId, { nanos: 51, tokens: 5 })).toEqual({ nanos: 50, tokens: 5 });
    expect(await meter.extend(request.ticketId, { nanos: 1, tokens: 5 })).toBeUndefined();
    expect(await meter.extend(request.ticketId, { nanos: 0, tokens: 5 })).toEqual({ nanos: 0, tokens: 5 });
    expect(await meter.admit(asking(request.scopes, { nanos: 1 }))).toMatchObject({ kind: 'refused' });
    expect(await meter.admit(asking(request.scopes, { nanos: 0 }))).toMatchObject({ kind: 'admitted' });
  });

  it('counts what the ledger has when a budget is new on an old key, of this period only', async () => {
    const { meter } = await suite.open(kind);
    const free = [keyScope({})];
    suite.world.clock.aheadMs = Date.UTC(2030, 0, 10, 12) - Date.now();
    const early = asking(free, {}, { modelGroup: 'big' });
    await meter.admit(early);
    await meter.settle(ended(early, 700));
    suite.world.clock.aheadMs += 24 * hour;
    const late = asking(free);
    await meter.admit(late);
    await meter.settle(ended(late, 40));
    const scopes = [
      keyScope({ budgets: [budget(1_000, '1d'), budget(1_000, '1mo'), budget(10_000), budget(10_000, '5h'), budget(99, '1d', { unit: 'requests' })] }),
      keyScope({ budgets: [budget(1_000, '1mo')] }, { model: 'big' }),
    ]; // prettier-ignore
    const answer = admittedOf(await meter.admit(asking(scopes, { nanos: 1 }, { modelGroup: 'big' })));
    expect(answer.limits.map(({ period, used }) => [period, used])).toEqual([
      ['1d', 41], ['1mo', 741], ['lifetime', 741], ['5h', 41], ['1d', 2], ['1mo', 701],
    ]); // prettier-ignore
  });

  it('starts a budget anew when its period is over, and charges what still runs to the period before', async () => {
    const { meter } = await suite.open(kind);
    suite.world.clock.aheadMs = Date.UTC(2031, 4, 5, 23, 59) - Date.now();
    const scopes = [keyScope({ budgets: [budget(150, '1d')] })];
    const night = asking(scopes);
    await meter.admit(night);
    expect(await meter.admit(asking(scopes))).toMatchObject({ kind: 'refused' });
    suite.world.clock.aheadMs += 2 * 60_000;
    const morning = asking(scopes);
    expect(admittedOf(await meter.admit(morning)).limits[0]).toMatchObject({ used: 100, max: 150 });
    await meter.settle(ended(night, 140));
    await meter.settle(ended(morning, 60));
    expect(admittedOf(await meter.admit(asking(scopes, { nanos: 5 }))).limits[0]).toMatchObject({ used: 65 });
  });

  it('tells calls in flight and where a conversation went with the next admission', async () => {
    const { meter } = await suite.open(kind);
    const request = asking([keyScope({})]);
    await meter.admit(request);
    meter.assign(request.ticketId, 'd1');
    meter.pin('p2', 'account-b', hour);
    await until(async () => admittedOf(await meter.admit(asking([keyScope({})]))).routing.pins[1] === 'account-b');
    expect(admittedOf(await meter.admit(asking([keyScope({})]))).routing).toEqual({
      inFlight: [1],
      pins: [undefined, 'account-b'],
    });
    await meter.settle(ended(request));
    expect(admittedOf(await meter.admit(asking([keyScope({})]))).routing.inFlight).toEqual([0]);
  });

  it('takes a ticket back as if it had never been', async () => {
    const { meter, ledger } = await suite.open(kind);
    const request = asking([keyScope({ requestsPerWindow: 1, parallel: 1 })]);
    await meter.admit(request);
    meter.void(request.ticketId);
    await until(async () => (await ledger.counters([{ kind: 'key', id: 'k1' }]))[0]?.running === 0);
    expect(await meter.admit(asking(request.scopes))).toMatchObject({ kind: 'admitted' });
  });

  it('charges a row without a ticket', async () => {
    const { meter, ledger } = await suite.open(kind);
    await meter.admit(asking([keyScope({})]));
    await meter.settle(ledgerRow({ id: 'req_lost', startMs: suite.world.clock.nowMs(), spend: 55 }));
    expect((await ledger.counters([{ kind: 'key', id: 'k1' }]))[0]?.spent).toBe(55);
  });

  it('sets the spend of a book and of its running budgets, and stays the sum of its rows', async () => {
    const { meter, ledger } = await suite.open(kind);
    const scopes = [keyScope({ budgets: [budget(150, '30d'), budget(150)] })];
    const request = asking(scopes);
    await meter.admit(request);
    await meter.settle(ended(request, 150));
    expect(await meter.admit(asking(scopes))).toMatchObject({ kind: 'refused' });
    await meter.adjust({ kind: 'key', id: 'k1' }, 20);
    const answer = admittedOf(await meter.admit(asking(scopes)));
    expect(answer.limits.map(({ used }) => used)).toEqual([120, 120]);
    expect((await ledger.counters([{ kind: 'key', id: 'k1' }]))[0]?.spent).toBe(20);
    await meter.adjust({ kind: 'team', id: 'unknown' }, 0);
    const { rows } = await ledger.page({ keyHash: 'k1', order: 'newest', offset: 0, limit: 1 });
    expect(rows[0]).toMatchObject({ callType: 'adjustment', spend: -130, adjusts: { kind: 'key', id: 'k1' } });
  });

  it('refuses scopes that its row does not belong to', async () => {
    const { meter } = await suite.open(kind);
    await expect(meter.admit(asking([keyScope({}, { id: 'somebody' })]))).rejects.toThrow(TypeError);
    await expect(meter.admit(asking([keyScope({}), keyScope({})]))).rejects.toThrow(TypeError);
    await expect(meter.admit(asking([keyScope({ budgets: [budget(1, 'soon')] })]))).rejects.toThrow(RangeError);
  });

  it('pages through the ledger both ways, by time and by what a row says', async () => {
    const { meter, ledger } = await suite.open(kind);
    const start = suite.world.clock.nowMs() - 10_000;
    for (let at = 0; at < 30; at += 1)
      await meter.settle(
        ledgerRow({
          id: `req_${at}`,
          startMs: start + at,
          teamId: at % 2 === 0 ? 't1' : 't2',
          userId: 'u1',
          spend: at,
        }),
      );
    const ids = async (query: Partial<Parameters<typeof ledger.page>[0]>) => {
      const page = await ledger.page({ order: 'newest', offset: 0, limit: 3, ...query });
      return [page.rows.map(({ id }) => id).join(), page.total, page.isTotalExact];
    };
    expect(await ids({})).toEqual(['req_29,req_28,req_27', 30, true]);
    expect(await ids({ offset: 28 })).toEqual(['req_1,req_0', 30, true]);
    expect(await ids({ order: 'oldest', teamId: 't2' })).toEqual(['req_1,req_3,req_5', 15, true]);
    expect(await ids({ fromMs: start + 10, untilMs: start + 12 })).toEqual(['req_11,req_10', 2, true]);
    expect(await ids({ userId: 'u1', teamId: 't1', limit: 2 })).toEqual(['req_28,req_26', 15, true]);
    expect(await ids({ matches: ({ spend }) => spend < 2 })).toEqual(['req_1,req_0', 2, true]);
    expect(await ids({ keyHash: 'nobody' })).toEqual(['', 0, true]);
  });
});
