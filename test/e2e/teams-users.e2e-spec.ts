import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chatBody, post, send } from '../support/calls';
import { startBench, type TestBench } from '../support/gateway';
import { holder, type Json, look, manage, refusalIn } from '../support/holders';

let bench: TestBench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const ask = (door: { readonly url: string; readonly key: string }) => post(door, '/v1/chat/completions', chatBody());

describe('teams', () => {
  it('are made, changed, told of and listed in LiteLLM’s shapes', async () => {
    await manage(bench, '/user/new', { user_id: 'eve', user_email: 'Eve@Example.com', auto_create_key: false });
    const made = await manage(bench, '/team/new', {
      team_alias: 'Platform',
      max_budget: 50,
      budget_duration: '30d',
      models: ['gpt-5.5'],
      rpm_limit: 100,
      members_with_roles: [
        { role: 'admin', user_id: 'adam' },
        { role: 'user', user_email: 'eve@example.com' },
      ],
      // As LiteLLM's clients send them along; they say nothing.
      admins: [],
      members: [],
      metadata: { unit: 'x' },
    });
    const teamId = String(made['team_id']);
    expect(made).toMatchObject({
      team_alias: 'Platform',
      admins: ['adam'],
      members: ['adam', 'eve'],
      max_budget: 50,
      budget_duration: '30d',
      spend: 0,
      blocked: false,
      metadata: { unit: 'x' },
      organization_id: null,
    });
    const changed = await manage(bench, '/team/update', { team_id: teamId, tpm_limit: 5, rpm_limit: null });
    expect(changed).toMatchObject({
      team_id: teamId,
      tpm_limit: 5,
      rpm_limit: null,
      data: { team_id: teamId, models: ['gpt-5.5'] },
    });
    const member = await holder(bench, { team_id: teamId, user_id: 'eve' });
    const info = await look(member, `/team/info?team_id=${teamId}`);
    expect(info).toMatchObject({ team_id: teamId, team_info: { team_alias: 'Platform', tpm_limit: 5 } });
    expect((info['keys'] as Json[]).map(({ token }) => token)).toEqual([member.id]);
    expect((info['team_memberships'] as Json[]).map(({ user_id }) => user_id)).toEqual(['adam', 'eve']);
    expect((await look(bench, '/user/info?user_id=eve'))['teams']).toMatchObject([{ team_id: teamId }]);
    await manage(bench, '/team/new', { team_id: 'second' });
    const teams = (await look(bench, '/team/list')) as unknown as Json[];
    expect(teams.map(({ team_id }) => team_id)).toEqual(['second', teamId]);
    // Members see their own teams, and no others.
    expect(((await look(member, '/team/list')) as unknown as Json[]).map(({ team_id }) => team_id)).toEqual([teamId]);
    expect((await send(member, '/team/info?team_id=second')).status).toBe(404);
    expect((await send(member, '/team/info?team_id=nowhere')).status).toBe(404);
    expect(await look(bench, '/v2/team/list?page=1&page_size=1')).toMatchObject({
      total: 2,
      page: 1,
      page_size: 1,
      total_pages: 2,
      teams: [{ team_id: 'second' }],
    });
    expect(refusalIn(await post(bench, '/team/new', { team_id: 'second' }))[2]).toBe('team_id');
    expect(refusalIn(await post(bench, '/team/new', { team_alias: 'Platform' }))[2]).toBe('team_alias');
  });

  it('block all their keys, hold them to their models, and take them along when they go', async () => {
    await manage(bench, '/team/new', { team_id: 'blue', models: ['gpt-5.5'] });
    const door = await holder(bench, { team_id: 'blue' });
    const other = await holder(bench);
    expect(((await look(door, '/v1/models'))['data'] as Json[]).map(({ id }) => id)).toEqual(['gpt-5.5']);
    await manage(bench, '/team/block', { team_id: 'blue' });
    expect(refusalIn(await ask(door))).toEqual([401, 'auth_error', null]);
    await manage(bench, '/team/unblock', { team_id: 'blue' });
    expect((await send(door, '/v1/models')).status).toBe(200);
    expect(await manage(bench, '/team/delete', { team_ids: ['blue'] })).toEqual({ deleted_teams: ['blue'] });
    expect([(await ask(door)).status, (await ask(other)).status]).toEqual([401, 200]);
    expect((await send(bench, `/key/info?key=${door.id}`)).status).toBe(404);
    expect(refusalIn(await post(bench, '/team/delete', { team_ids: ['blue'] }))).toEqual([
      404,
      'not_found_error',
      'team_id',
    ]);
  });

  it('take members in and out, with limits of their own', async () => {
    await manage(bench, '/team/new', { team_id: 'green', team_member_budget: 10, rpm_limit: 100, tpm_limit: 9_000 });
    await manage(bench, '/user/new', { user_id: 'gina', auto_create_key: false });
    const added = await manage(bench, '/team/member_add', {
      team_id: 'green',
      member: { role: 'user', user_id: 'gina' },
      max_budget_in_team: 2,
    });
    expect(added).toMatchObject({
      team_id: 'green',
      members: ['gina'],
      updated_users: [{ user_id: 'gina', teams: ['green'] }],
      updated_team_memberships: [{ team_id: 'green', user_id: 'gina', max_budget: 2 }],
    });
    await manage(bench, '/team/member_add', {
      team_id: 'green',
      member: [{ user_id: 'hans', role: 'admin' }, { user_id: 'ina' }],
    });
    const changed = await manage(bench, '/team/member_update', {
      team_id: 'green',
      user_id: 'gina',
      max_budget_in_team: 3,
      rpm_limit: 5,
      role: 'admin',
    });
    expect(changed).toMatchObject({
      team_id: 'green',
      user_id: 'gina',
      max_budget_in_team: 3,
      rpm_limit: 5,
      tpm_limit: null,
      admins: ['hans', 'gina'],
    });
    const { team_memberships } = await look(bench, '/team/info?team_id=green');
    expect((team_memberships as Json[]).find(({ user_id }) => user_id === 'gina')).toMatchObject({
      litellm_budget_table: { max_budget: 3 },
    });
    await manage(bench, '/team/member_delete', { team_id: 'green', user_id: 'gina' });
    expect((await look(bench, '/team/info?team_id=green'))['team_info']).toMatchObject({ members: ['hans', 'ina'] });
    expect((await look(bench, '/user/info?user_id=gina'))['teams']).toEqual([]);
    expect(refusalIn(await post(bench, '/team/member_delete', { team_id: 'green', user_id: 'gina' }))[0]).toBe(404);
    expect(refusalIn(await post(bench, '/team/member_add', { team_id: 'green', member: {} }))[0]).toBe(400);
    expect(
      refusalIn(await post(bench, '/team/member_add', { team_id: 'green', member: { user_email: 'no@body.x' } }))[2],
    ).toBe('user_email');
  });

  it('tell their admins nothing of a person who is added that only the operator may see', async () => {
    await manage(bench, '/user/new', { user_id: 'olga', user_email: 'olga@example.com', auto_create_key: false });
    const members_with_roles = [{ user_id: 'boris', role: 'admin' }];
    await manage(bench, '/team/new', { team_id: 'curious', members_with_roles });
    const boris = await holder(bench, { user_id: 'boris' });
    const body = { team_id: 'curious', member: { user_id: 'olga' } };
    const added = await manage(boris, '/team/member_add', body);
    expect(added).toMatchObject({ members: ['boris', 'olga'], updated_users: [] });
    expect(JSON.stringify(added)).not.toContain('olga@example.com');
    expect((await send(boris, '/user/info?user_id=olga')).status).toBe(404);
    expect(await manage(bench, '/team/member_add', body)).toMatchObject({
      updated_users: [{ user_id: 'olga', user_email: 'olga@example.com' }],
    });
  });
});

describe('users', () => {
  it('come with a key unless none is wanted, and see themselves only', async () => {
    const made = await manage(bench, '/user/new', {
      user_id: 'carla',
      user_email: 'carla@example.com',
      user_role: 'internal_user',
      max_budget: 9,
      budget_duration: '30d',
      key_alias: 'carla-key',
    });
    expect(made).toMatchObject({
      user_id: 'carla',
      user_email: 'carla@example.com',
      user_role: 'internal_user',
      max_budget: 9,
      key_alias: 'carla-key',
    });
    const carla = { url: bench.url, key: String(made['key']) };
    expect(made['budget_reset_at']).toMatch(/^\d{4}-\d\d-01T/);
    expect((await ask(carla)).status).toBe(200);
    expect(await manage(bench, '/user/new', { user_id: 'dora', auto_create_key: false })).toMatchObject({ key: '' });
    expect(await look(carla, '/user/info')).toMatchObject({
      user_id: 'carla',
      user_info: { max_budget: 9 },
      keys: [{ key_alias: 'carla-key' }],
    });
    expect((await send(carla, '/user/info?user_id=dora')).status).toBe(404);
    expect((await send(carla, '/user/list')).status).toBe(403);
    expect((await post(carla, '/user/update', { user_id: 'carla', user_role: 'proxy_admin' })).status).toBe(403);
    expect(await manage(bench, '/user/update', { user_id: 'carla', max_budget: 12 })).toMatchObject({
      user_id: 'carla',
      data: { max_budget: 12 },
    });
    expect(refusalIn(await post(bench, '/user/new', { user_email: 'CARLA@example.com' }))[2]).toBe('user_email');
    expect(refusalIn(await post(bench, '/user/new', { user_id: 'carla' }))[2]).toBe('user_id');
    expect(refusalIn(await post(bench, '/user/new', { user_role: 'king' }))[2]).toBe('user_role');
    const list = await look(bench, '/user/list?role=internal_user&page_size=500');
    expect((list['users'] as Json[]).find(({ user_id }) => user_id === 'carla')).toMatchObject({ key_count: 1 });
    expect(
      ((await look(bench, '/user/list?user_ids=carla,dora'))['users'] as Json[]).map(({ user_id }) => user_id),
    ).toEqual(['carla', 'dora']);
  });

  it('with a role see everything, or change everything, or look on', async () => {
    const make = async (user_role: string): Promise<{ readonly url: string; readonly key: string }> => ({
      url: bench.url,
      key: String((await manage(bench, '/user/new', { user_role }))['key']),
    });
    const [admin, viewer, user, onlooker] = [
      await make('proxy_admin'),
      await make('proxy_admin_viewer'),
      await make('internal_user'),
      await make('internal_user_viewer'),
    ];
    const writes = [
      '/key/block',
      '/key/unblock',
      '/team/new',
      '/team/update',
      '/team/delete',
      '/team/block',
      '/user/new',
      '/user/update',
      '/user/delete',
      '/budget/new',
      '/budget/update',
      '/budget/delete',
      '/customer/new',
      '/end_user/update',
      '/customer/delete',
      '/customer/block',
      '/import/litellm',
      '/key/x/reset_spend',
    ];
    const own = ['/key/generate', '/key/update', '/key/delete', '/key/regenerate', '/team/member_add'];
    const reads = ['/user/list', '/budget/list', '/customer/list', '/audit'];
    const status = async (door: typeof admin, path: string, isRead = false): Promise<number> =>
      (isRead ? await send(door, path) : await post(door, path, {})).status;
    for (const path of writes) {
      expect([path, await status(admin, path)]).not.toEqual([path, 403]);
      for (const door of [viewer, user, onlooker]) expect([path, await status(door, path)]).toEqual([path, 403]);
    }
    for (const path of own) {
      for (const door of [admin, user]) expect([path, await status(door, path)]).not.toEqual([path, 403]);
      for (const door of [viewer, onlooker]) expect([path, await status(door, path)]).toEqual([path, 403]);
    }
    for (const path of reads) {
      for (const door of [admin, viewer]) expect([path, await status(door, path, true)]).toEqual([path, 200]);
      for (const door of [user, onlooker]) expect([path, await status(door, path, true)]).toEqual([path, 403]);
    }
    for (const door of [admin, viewer, user, onlooker]) expect((await send(door, '/key/info')).status).toBe(200);
    expect((await look(viewer, '/key/list'))['total_count']).toBe((await look(bench, '/key/list'))['total_count']);
    expect((await look(onlooker, '/key/list'))['total_count']).toBe(1);
  });

  it('leave nothing of their person behind when they are deleted', async () => {
    const own = await startBench();
    await manage(own, '/team/new', { team_id: 'crew' });
    const made = await manage(own, '/user/new', {
      user_id: 'u-4711',
      user_email: 'zoe.unmistakable@example.com',
      user_alias: 'Zoe Unmistakable',
      teams: ['crew'],
      metadata: { phone: '555-unmistakable' },
    });
    await manage(own, '/team/member_add', {
      team_id: 'crew',
      member: { user_id: 'u-4711', user_email: 'zoe.unmistakable@example.com' },
    });
    const zoe = { url: own.url, key: String(made['key']) };
    expect((await ask(zoe)).status).toBe(200);
    expect(await manage(own, '/user/delete', { user_ids: ['u-4711'] })).toEqual({ deleted_users: 1 });
    expect((await ask(zoe)).status).toBe(401);
    expect((await send(own, '/user/info?user_id=u-4711')).status).toBe(404);
    expect((await look(own, '/team/info?team_id=crew'))['team_info']).toMatchObject({ members: [] });
    const told = JSON.stringify([
      await look(own, '/audit'),
      await look(own, '/team/list'),
      await look(own, '/key/list?return_full_object=true'),
    ]);
    expect(told).not.toMatch(/unmistakable/i);
    expect(told).toContain('user.delete');
    const state = join(own.folder, 'state');
    for (const name of readdirSync(state).filter((each) => each.endsWith('.journal')))
      expect(readFileSync(join(state, name), 'utf8')).not.toMatch(/unmistakable/i);
    await own.close();
  });
});
