import { keyRowSchema } from '../keys/rows/key-row';
import { type Stored } from '../keys/rows/rows';
import { type Management } from '../keys/management/management';
import { StateUnavailable } from '../state/state-unavailable';
import { type Books } from './books';
import { EntityViews } from './entity-views';

const key: Stored<'key'> = {
  kind: 'key',
  id: 'a'.repeat(64),
  version: 1,
  createdAtMs: 1_000,
  updatedAtMs: 1_000,
  row: keyRowSchema.parse({
    key_alias: 'ci',
    budget_id: 'intern',
    secrets: [{ hash: 'a'.repeat(64) }],
    key_name: 'sk-...abcd',
  }),
};

/** Views over a state whose documents are read by `many`. @param spentOf what the books say. */
function viewsOver(
  many: () => Promise<readonly unknown[]>,
  spentOf: Books['spentOf'] = () => Promise.resolve({ spend: 0, totalSpend: 0 }),
): EntityViews {
  const books: Pick<Books, 'unspentOf' | 'spentOf'> = {
    spentOf,
    unspentOf: () => ({ spend: 0, totalSpend: 0, resetAtMs: undefined }),
  };
  return new EntityViews(books as Books, { store: { many } } as unknown as Management);
}

describe('a key that was just made', () => {
  it('shows the budget that it points to', async () => {
    const body = JSON.stringify({ max_budget: 10 });
    const budget = { kind: 'budget', id: 'intern', version: 1, createdAtMs: 1, updatedAtMs: 1, body };
    const view = await viewsOver(() => Promise.resolve([budget])).newKey(key);
    expect(view).toMatchObject({ key_alias: 'ci', spend: 0, litellm_budget_table: { max_budget: 10 } });
  });

  it('is shown without it when the state went away in between: its secret is told only now', async () => {
    const view = await viewsOver(() => Promise.reject(new StateUnavailable('offline'))).newKey(key);
    expect(view).toMatchObject({ key_alias: 'ci', budget_id: 'intern', spend: 0 });
    expect(view['litellm_budget_table'] ?? null).toBeNull();
  });

  it('shows what was spent before when it is a deleted one of the same value, whose book goes on', async () => {
    const views = viewsOver(
      () => Promise.resolve([]),
      () => Promise.resolve({ spend: 1, totalSpend: 4 }),
    );
    expect(await views.newKey(key)).toMatchObject({ spend: 1, total_spend: 4 });
  });

  it('is shown when its book cannot be read', async () => {
    const views = viewsOver(
      () => Promise.resolve([]),
      () => Promise.reject(new StateUnavailable('offline')),
    );
    expect(await views.newKey(key)).toMatchObject({ key_alias: 'ci', spend: 0 });
  });

  it('is not shown over a bug', async () => {
    const views = viewsOver(() => Promise.reject(new TypeError('a bug')));
    await expect(views.newKey(key)).rejects.toThrow(TypeError);
  });
});
