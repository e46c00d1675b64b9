import { admittedOf, bookKinds, BooksSuite, budget, ended, keyScope } from '../../test/support/books-world';

const hour = 3_600_000;
const suite = new BooksSuite();

const asking = suite.asking;

describe.each(bookKinds)('a spend that is set, with %s,', (kind) => {
  it('sets budgets of the period too that nobody has asked for yet, from then on and after a loss', async () => {
    const { meter, ledger, bookkeeper } = await suite.open(kind);
    suite.world.clock.aheadMs = Date.UTC(2032, 2, 10, 12) - Date.now();
    const before = asking([keyScope({})]);
    await meter.admit(before);
    await meter.settle(ended(before, 700));
    await meter.adjust({ kind: 'key', id: 'k1' }, 0);
    const since = asking([keyScope({})]);
    await meter.admit(since);
    await meter.settle(ended(since, 30));
    const scopes = [keyScope({ budgets: [budget(150, '1mo'), budget(150, '1d'), budget(150)] })];
    expect((await bookkeeper.limits(scopes)).map(({ used }) => used)).toEqual([30, 30, 30]);
    const next = asking(scopes, { nanos: 20 });
    expect(admittedOf(await meter.admit(next)).limits.map(({ used }) => used)).toEqual([50, 50, 50]);
    await meter.settle(ended(next, 20));
    expect(await bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
    // On another day the same month goes on, and a day without a setting in it counts its own requests only.
    suite.world.clock.aheadMs += 24 * hour;
    const later = asking([keyScope({ budgets: [budget(150, '1mo'), budget(150, '1d'), budget(150, '2d')] })], {
      nanos: 1,
    });
    expect(admittedOf(await meter.admit(later)).limits.map(({ used }) => used)).toEqual([51, 1, 51]);
    await meter.settle(ended(later, 1));
    expect(await bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
    const { rows } = await ledger.page({ order: 'oldest', offset: 0, limit: 20 });
    const own = await ledger.page({ keyHash: 'k1', order: 'oldest', offset: 0, limit: 20 });
    expect(own.rows.filter(({ adjusts }) => adjusts !== undefined).map(({ spend }) => spend)).toEqual([-700]);
    const [set] = rows.filter(({ adjusts }) => adjusts !== undefined);
    const told = rows.filter(({ adjusts }) => adjusts?.follows !== undefined);
    expect(told.map(({ spend, adjusts }) => [spend, adjusts?.follows])).toEqual([
      [0, set?.id],
      [0, set?.id],
    ]);
  });

  it('holds a new budget to a spend that was set before anybody called', async () => {
    const { meter, bookkeeper } = await suite.open(kind);
    await meter.adjust({ kind: 'key', id: 'k1' }, 110);
    const scopes = [keyScope({ budgets: [budget(100, '30d')] })];
    expect(await bookkeeper.limits(scopes)).toMatchObject([{ used: 110 }]);
    expect(await meter.admit(asking(scopes, { nanos: 1 }))).toMatchObject({ kind: 'refused', limit: { used: 110 } });
    expect(await bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });

  it('takes what single models have spent down to a spend that is set, and never up', async () => {
    const { meter, ledger, bookkeeper } = await suite.open(kind);
    const big = keyScope({ budgets: [budget(600, '30d')] }, { model: 'big' });
    for (const [group, spend] of [
      ['big', 600],
      ['small', 20],
    ] as const) {
      const request = asking(group === 'big' ? [keyScope({}), big] : [keyScope({})], {}, { modelGroup: group });
      await meter.admit(request);
      await meter.settle(ended(request, spend));
    }
    const full = asking([keyScope({}), big], {}, { modelGroup: 'big' });
    expect(await meter.admit(full)).toMatchObject({ kind: 'refused' });
    await meter.adjust({ kind: 'key', id: 'k1' }, 50);
    const small = keyScope({ budgets: [budget(600, '1mo')] }, { model: 'small' });
    expect(
      (await bookkeeper.limits([keyScope({ budgets: [budget(600, '1mo')] }), big, small])).map(({ used }) => used),
    ).toEqual([50, 50, 20]);
    await meter.adjust({ kind: 'key', id: 'k1' }, 0);
    expect((await bookkeeper.limits([big, small])).map(({ used }) => used)).toEqual([0, 0]);
    expect(admittedOf(await meter.admit(full)).limits.map(({ used }) => used)).toEqual([100]);
    await meter.settle(ended(full, 7));
    const parts = await ledger.counters(['big', 'small'].map((model) => ({ kind: 'key' as const, id: 'k1', model })));
    expect(parts.map(({ spent }) => spent)).toEqual([7, 0]);
    expect(await bookkeeper.reconcile(false)).toMatchObject({ mismatches: [] });
  });
});
