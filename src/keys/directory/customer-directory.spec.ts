import { keyWorld, refusalOf } from '../../../test/support/key-world';

describe('the customer directory', () => {
  it('lets no customer in whose budget is not there', async () => {
    const own = await keyWorld({ settings: { customerBudgetId: 'of-all' } });
    const { budgets, customers } = own.management;
    for (const id of ['of-all', 'of-one']) await budgets.create(own.admin, { budget_id: id, max_budget: 1 });
    await customers.create(own.admin, { user_id: 'known', budget_id: 'of-one' });
    await expect(budgets.remove(own.admin, { id: 'of-all' })).rejects.toMatchObject({
      status: 409,
      code: 'budget_in_use',
    });
    for (const [customer, id] of [
      ['known', 'of-one'],
      ['made up', 'of-all'],
    ] as const) {
      expect((await own.customers.scopeOf(customer)).limits.budgets[0]?.max).toBe(1e9);
      await own.store.commit([{ op: 'remove', kind: 'budget', id }]);
      await expect(own.customers.scopeOf(customer)).rejects.toMatchObject({
        status: 403,
        code: 'budget_missing',
        message: expect.stringContaining(`'${id}'`) as string,
      });
    }
    await own.close();
  });

  it('holds customers to their own limits, to the default, or lets nobody in who is blocked', async () => {
    const own = await keyWorld({ settings: { customerBudget: { max_budget: 1 } } });
    await own.management.customers.create(own.admin, { user_id: 'known', max_budget: 9, budget_duration: '1d' });
    const maxOf = async (id: string): Promise<unknown> => (await own.customers.scopeOf(id)).limits.budgets[0]?.max;
    expect([await maxOf('known'), await maxOf('made up'), await maxOf('__proto__')]).toEqual([9e9, 1e9, 1e9]);
    await own.management.customers.block(own.admin, { user_ids: ['made up'] }, true);
    await expect(own.customers.scopeOf('made up')).rejects.toMatchObject({ status: 403, param: 'user' });
    await own.close();
  });

  it('tells the log once that the default budget of customers is not there, and again when it goes', async () => {
    const own = await keyWorld({ settings: { customerBudgetId: 'foo' } });
    const maxOf = async (id: string): Promise<unknown> => (await own.customers.scopeOf(id)).limits.budgets[0]?.max;
    await own.customers.checkDefault();
    for (const id of ['a', 'b']) await expect(maxOf(id)).rejects.toMatchObject({ code: 'budget_missing' });
    expect(own.said).toEqual([expect.stringContaining('no budget has the name in max_end_user_budget_id')]);
    await own.management.budgets.create(own.admin, { budget_id: 'foo', max_budget: 3 });
    expect([await maxOf('a'), own.said.length]).toEqual([3e9, 1]);
    const entity = await own.store.many([{ kind: 'budget', id: 'foo' }]);
    await own.store.commit([{ op: 'remove', kind: 'budget', id: 'foo', expected: entity[0]?.version ?? 0 }]);
    await expect(maxOf('a')).rejects.toMatchObject({ code: 'budget_missing' });
    expect(own.said).toHaveLength(2);
    await own.close();
  });

  it('tells the log nothing of a budget that no setting names', async () => {
    const own = await keyWorld();
    await own.management.customers.create(own.admin, { user_id: 'free' });
    await own.customers.checkDefault();
    expect((await own.customers.scopeOf('free')).limits.budgets).toEqual([]);
    expect(own.said).toEqual([]);
    await own.close();
  });

  it('keeps the default budget of customers from being removed', async () => {
    const own = await keyWorld({ settings: { customerBudgetId: 'foo' } });
    for (const budget_id of ['foo', 'bar'])
      await own.management.budgets.create(own.admin, { budget_id, max_budget: 3 });
    const refused = await refusalOf(own.management.budgets.remove(own.admin, { id: 'foo' }));
    expect([refused.status, refused.code, refused.message]).toEqual([
      409,
      'budget_in_use',
      expect.stringContaining('max_end_user_budget_id'),
    ]);
    await own.management.budgets.remove(own.admin, { id: 'bar' });
    await own.close();
  });
});
