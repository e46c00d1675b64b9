import { actorWith, holderOf, keyWorld, type KeyWorld } from '../../../test/support/key-world';
import { eventually } from '../../../test/support/login-gateways';

let world: KeyWorld;
beforeAll(async () => {
  world = await keyWorld();
  await world.management.users.create(world.admin, { user_id: 'ann', auto_create_key: false });
});
afterAll(() => world.close());

const keys = async (secret: string) =>
  (await holderOf(world, secret)).scopes.filter(({ kind }) => kind === 'key').map(({ id, limits }) => [id, limits.budgets[0]?.max]); // prettier-ignore

describe('a key that was made by a key with limits', () => {
  it('is entered in the books of all keys it comes from, with the limits these have now', async () => {
    const { minting, changes } = world.management;
    const first = await minting.generate(world.admin, { user_id: 'ann', max_budget: 3, model_rpm_limit: { m: 5 } });
    const second = await minting.generate(await actorWith(world, first.secret), { max_budget: 2 });
    const third = await minting.generate(await actorWith(world, second.secret), { max_budget: 1 });
    expect(await keys(third.secret)).toEqual([[third.key.id, 1e9], [second.key.id, 2e9], [first.key.id, 3e9]]); // prettier-ignore
    const { modelScopes } = await holderOf(world, third.secret);
    expect(modelScopes.get('m')?.map(({ id }) => id)).toEqual([third.key.id, second.key.id, first.key.id]);
    await changes.update(world.admin, { key: first.key.id, max_budget: 9 });
    await eventually('the raise is known', async () => (await keys(third.secret))[2]?.[1] === 9e9);
    // Another secret is the same key.
    const turned = await changes.regenerate(await actorWith(world, third.secret), third.key.id, {});
    expect((await keys(turned.secret)).length).toBe(3);
  });

  it('ends with them: else it would be free once it deleted them', async () => {
    const { minting, changes } = world.management;
    const first = await minting.generate(world.admin, { user_id: 'ann', rpm_limit: 3 });
    const actor = await actorWith(world, first.secret);
    const second = await minting.generate(actor, {});
    await changes.remove(await actorWith(world, second.secret), { keys: [first.key.id] });
    await eventually('the key is refused', async () =>
      holderOf(world, second.secret).then(() => false, (error: unknown) => String(error).includes('was deleted'))); // prettier-ignore
  });

  it('comes from nothing when the operator or a key without limits made it', async () => {
    const { minting } = world.management;
    const free = await minting.generate(world.admin, { user_id: 'ann' });
    const child = await minting.generate(await actorWith(world, free.secret), { max_budget: 1 });
    expect(await keys(child.secret)).toEqual([[child.key.id, 1e9]]);
  });

  it('stands at the end of eight at most', async () => {
    const { minting } = world.management;
    let { secret } = await minting.generate(world.admin, { user_id: 'ann', rpm_limit: 3 });
    for (let at = 0; at < 8; at += 1) ({ secret } = await minting.generate(await actorWith(world, secret), {}));
    await expect(minting.generate(await actorWith(world, secret), {})).rejects.toMatchObject({ status: 403, message: expect.stringContaining('8 others') as string }); // prettier-ignore
  });
});
