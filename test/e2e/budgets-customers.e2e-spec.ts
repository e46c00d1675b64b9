import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '../../src/gateway';
import { post } from '../support/calls';
import { settingsOf, startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage, refusalIn } from '../support/holders';

const config = `
litellm_settings:
  default_team_params: {tpm_limit: 900}
  default_internal_user_params: {models: [gpt-5.5]}
  max_internal_user_budget: 4
  internal_user_budget_duration: 30d
  default_key_generate_params: {max_budget: 3, budget_duration: 7d}
  upperbound_key_generate_params: {max_budget: 100, duration: 60d, rpm_limit: 50}
  enable_key_alias_format_validation: true
`;

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

describe('budgets and customers', () => {
  it('budgets hold whoever points to them, and stay as long as somebody does', async () => {
    const budget = await manage(bench, '/budget/new', {
      budget_id: 'basic',
      max_budget: 1,
      budget_duration: '1d',
      rpm_limit: 5,
    });
    expect(budget).toMatchObject({ budget_id: 'basic', max_budget: 1, rpm_limit: 5 });
    const door = await holder(bench, { budget_id: 'basic' });
    expect((await look(door, '/key/info'))['info']).toMatchObject({ budget_id: 'basic' });
    expect(await manage(bench, '/budget/update', { budget_id: 'basic', max_budget: 2 })).toMatchObject({
      max_budget: 2,
      rpm_limit: 5,
    });
    expect(await manage(bench, '/budget/info', { budgets: ['basic', 'nowhere'] })).toMatchObject([
      { budget_id: 'basic', max_budget: 2 },
    ]);
    expect(refusalIn(await post(bench, '/budget/delete', { id: 'basic' }))).toEqual([409, 'conflict_error', 'id']);
    await manage(bench, '/key/delete', { keys: [door.key] });
    await manage(bench, '/budget/delete', { id: 'basic' });
    expect(((await look(bench, '/budget/list')) as unknown as Json[]).map(({ budget_id }) => budget_id)).not.toContain(
      'basic',
    );
  });

  it('customers have a budget of their own or one by name, not both', async () => {
    await manage(bench, '/budget/new', { budget_id: 'free', max_budget: 0.5 });
    const made = await manage(bench, '/customer/new', { user_id: 'acme', alias: 'Acme', budget_id: 'free' });
    expect(made).toMatchObject({
      user_id: 'acme',
      alias: 'Acme',
      spend: 0,
      blocked: false,
      litellm_budget_table: { max_budget: 0.5 },
    });
    expect(
      refusalIn(await post(bench, '/customer/new', { user_id: 'both', budget_id: 'free', max_budget: 1 }))[2],
    ).toBe('budget_id');
    expect(refusalIn(await post(bench, '/end_user/update', { user_id: 'acme', max_budget: 1 }))[2]).toBe('budget_id');
    expect(await manage(bench, '/end_user/update', { user_id: 'acme', max_budget: 1, budget_id: null })).toMatchObject({
      litellm_budget_table: { max_budget: 1 },
    });
    expect(await manage(bench, '/customer/block', { user_ids: ['acme', 'new one'] })).toMatchObject({
      blocked_users: [{ blocked: true }, { user_id: 'new one', blocked: true }],
    });
    expect(await look(bench, '/end_user/info?end_user_id=acme')).toMatchObject({ blocked: true });
    expect(await manage(bench, '/customer/unblock', { user_ids: ['acme'] })).toMatchObject({
      unblocked_users: [{ user_id: 'acme', blocked: false }],
    });
    expect(((await look(bench, '/customer/list')) as unknown as Json[]).length).toBe(2);
    expect(await manage(bench, '/customer/delete', { user_ids: ['acme', 'new one'] })).toMatchObject({
      deleted_customers: 2,
    });
    expect(refusalIn(await post(bench, '/customer/delete', { user_ids: ['acme'] }))[0]).toBe(404);
  });
});

describe('the settings', () => {
  let own: TestBench;
  beforeAll(async () => {
    own = await startBench({ config });
  });
  afterAll(() => own.close());

  it('give defaults, and hold new keys to the most they may have', async () => {
    expect(await manage(own, '/key/generate', {})).toMatchObject({
      max_budget: 3,
      budget_duration: '7d',
      rpm_limit: 50,
    });
    expect(await manage(own, '/key/generate', { max_budget: 60 })).toMatchObject({
      max_budget: 60,
      budget_duration: null,
    });
    for (const [field, value] of [
      ['max_budget', 101],
      ['duration', '61d'],
      ['rpm_limit', 51],
    ])
      expect(refusalIn(await post(own, '/key/generate', { [String(field)]: value }))[2]).toBe(field);
    expect(refusalIn(await post(own, '/key/generate', { key_alias: '-odd-' }))[2]).toBe('key_alias');
    expect(await manage(own, '/team/new', {})).toMatchObject({ tpm_limit: 900 });
    expect(await manage(own, '/user/new', { auto_create_key: false })).toMatchObject({
      max_budget: 4,
      budget_duration: '30d',
      models: ['gpt-5.5'],
    });
    expect(await manage(own, '/user/new', { auto_create_key: false, max_budget: 9 })).toMatchObject({
      max_budget: 9,
      budget_duration: '30d',
    });
    expect(
      await manage(own, '/user/new', { auto_create_key: false, max_budget: 9, budget_duration: '1d' }),
    ).toMatchObject({ budget_duration: '1d' });
    expect(await manage(own, '/user/new', { auto_create_key: false, user_role: 'proxy_admin' })).toMatchObject({
      max_budget: null,
      budget_duration: null,
      models: [],
    });
  });

  it('are named when they cannot be used', async () => {
    const bad = 'litellm_settings:\n  default_team_params: {max_budget: much}\n';
    const folder = mkdtempSync(join(tmpdir(), 'bad-settings-'));
    await expect(startGateway(settingsOf(own.simulator, folder, { config: bad }))).rejects.toThrow(
      "litellm_settings.default_team_params: 'max_budget' must be an amount",
    );
    rmSync(folder, { recursive: true });
  });
});
