import { keyRowSchema } from '../keys/rows/key-row';
import { type Stored } from '../keys/rows/rows';
import { memberRowSchema, teamRowSchema } from '../keys/rows/team-row';
import { userRowSchema } from '../keys/rows/user-row';
import { type Management } from '../keys/management/management';
import { StateUnavailable } from '../state/state-unavailable';
import { type BookRef, type Books } from './books';
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
  many: (ids?: readonly { kind: string }[]) => Promise<readonly unknown[]>,
  spentOf: Books['spentOf'] = () => Promise.resolve({ spend: 0, totalSpend: 0 }),
): EntityViews {
  const resetOf = (book: BookRef): number | undefined =>
    book.limits?.budget_duration === undefined ? undefined : 5_000;
  const books: Pick<Books, 'unspentOf' | 'spentOf' | 'spent'> = {
    spentOf,
    spent: (refs) => Promise.resolve(refs.map((ref) => ({ spend: 1, totalSpend: 4, resetAtMs: resetOf(ref) }))),
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

describe('who points to a named budget', () => {
  const times = { version: 1, createdAtMs: 1, updatedAtMs: 1 };
  const budget = {
    kind: 'budget',
    id: 'month',
    ...times,
    body: JSON.stringify({ max_budget: 10, budget_duration: '30d' }),
  };
  const row = memberRowSchema.parse({ team_id: 't', user_id: 'ann', budget_id: 'month', rpm_limit: 3 });
  const member = { kind: 'member', id: 't ann', ...times, body: JSON.stringify(row) };
  const views = viewsOver(async (ids?: readonly { kind: string }[]) =>
    Promise.resolve(ids?.map(({ kind }) => (kind === 'budget' ? budget : member)) ?? []),
  );
  const held = { budget_id: 'month', litellm_budget_table: { max_budget: 10, budget_duration: '30d' } };
  const reset = { budget_reset_at: new Date(5_000).toISOString() };
  const team: Stored<'team'> = {
    kind: 'team',
    id: 't',
    ...times,
    row: teamRowSchema.parse({ budget_id: 'month', members_with_roles: [{ user_id: 'ann', role: 'user' }] }),
  };

  it('shows it, and when it begins anew', async () => {
    const user: Stored<'user'> = {
      kind: 'user',
      id: 'ann',
      ...times,
      row: userRowSchema.parse({ budget_id: 'month' }),
    };
    expect(await views.team(team)).toMatchObject({ ...held, ...reset });
    expect(await views.user(user)).toMatchObject({ ...held, ...reset });
    expect(await views.memberships(team)).toMatchObject([
      { ...held, litellm_budget_table: { max_budget: 10, budget_duration: '30d', rpm_limit: 3 } },
    ]);
  });
});
