import { chatBody, post } from '../support/calls';
import { testKey } from '../support/gateway';
import { type Json, look, manage } from '../support/holders';
import { eventually, LoginGateways } from '../support/login-gateways';
import { describeWithRedis } from '../support/redis-server';
import { type Served } from '../support/program';

jest.setTimeout(240_000);

/** A change must be seen everywhere within this, measured with what the machine's load adds. */
const promiseMs = 2_000;
/** Without pub/sub a process asks once a second. */
const cutMs = 4_000;

describeWithRedis('four gateway processes on one Redis', () => {
  let gateways: LoginGateways;
  let all: readonly Served[];
  beforeAll(async () => {
    gateways = await LoginGateways.start();
    all = await Promise.all(Array.from({ length: 4 }, () => gateways.start()));
    // The first answer of a process takes longer than any other.
    await eventually('all serve', async () => (await statuses(testKey)).every((each) => each === 200));
  });
  afterAll(() => gateways.close());

  const admin = (at: number) => ({ url: all[at]?.url ?? '', key: testKey });
  const status = async (gateway: Served, key: string): Promise<number> =>
    (await post({ url: gateway.url, key }, '/v1/chat/completions', chatBody())).status;
  const statuses = (key: string): Promise<number[]> => Promise.all(all.map((gateway) => status(gateway, key)));

  /** Milliseconds until every process answers so. */
  async function untilAll(key: string, expected: number): Promise<number> {
    const startedMs = performance.now();
    await eventually(`all answer ${expected}`, async () => (await statuses(key)).every((each) => each === expected));
    return performance.now() - startedMs;
  }

  async function newKey(fields: Json = {}): Promise<{ readonly key: string; readonly id: string }> {
    const made = await manage(admin(0), '/key/generate', fields);
    const key = String(made['key']);
    expect(await untilAll(key, 200)).toBeLessThan(promiseMs);
    return { key, id: String(made['token']) };
  }

  it('know a new key at once, and keep it out within two seconds when one of them blocks, rotates or deletes it', async () => {
    const { key, id } = await newKey();
    await manage(admin(1), '/key/block', { key });
    expect(await untilAll(key, 401)).toBeLessThan(promiseMs);
    await manage(admin(2), '/key/unblock', { key: id });
    expect(await untilAll(key, 200)).toBeLessThan(promiseMs);
    const turned = await manage(admin(3), `/key/${id}/regenerate`, {});
    expect(await untilAll(key, 401)).toBeLessThan(promiseMs);
    const fresh = String(turned['key']);
    expect(await untilAll(fresh, 200)).toBeLessThan(promiseMs);
    await manage(admin(0), '/key/delete', { keys: [fresh] });
    expect(await untilAll(fresh, 401)).toBeLessThan(promiseMs);
  });

  it('follow a team that is blocked, and an expiry that is set', async () => {
    await manage(admin(0), '/team/new', { team_id: 'crew' });
    const { key } = await newKey({ team_id: 'crew' });
    await manage(admin(1), '/team/block', { team_id: 'crew' });
    expect(await untilAll(key, 401)).toBeLessThan(promiseMs);
    await manage(admin(1), '/team/unblock', { team_id: 'crew' });
    expect(await untilAll(key, 200)).toBeLessThan(promiseMs);
    await manage(admin(2), '/key/update', { key, duration: '1s' });
    expect(await untilAll(key, 401)).toBeLessThan(1_000 + promiseMs);
  });

  it('change one key at the same time without losing a change', async () => {
    const { key, id } = await newKey();
    const fields = Array.from({ length: 12 }, (_, at) => ({ [`note-${at}`]: at }));
    const tags = ['rpm_limit', 'tpm_limit', 'max_parallel_requests', 'max_budget'] as const;
    await Promise.all(tags.map((field, at) => manage(admin(at), '/key/update', { key, [field]: 100 + at })));
    await Promise.all(
      fields.map((metadata, at) => manage(admin(at % 4), '/key/update', { key, metadata }).catch(() => undefined)),
    );
    const { info } = await look(admin(2), `/key/info?key=${id}`);
    expect(info).toMatchObject({ rpm_limit: 100, tpm_limit: 101, max_parallel_requests: 102, max_budget: 103 });
  });

  it('give one alias to one key, whoever asks first', async () => {
    const made = await Promise.all(
      all.flatMap((_, at) => [0, 1].map(() => post(admin(at), '/key/generate', { key_alias: 'wanted by many' }))),
    );
    expect(made.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(made.filter((answer) => answer.status === 400)).toHaveLength(7);
    const { records } = (await look(admin(3), '/audit?action=key.create&page_size=500')) as { records: Json[] };
    const about = records.filter(({ after }) => (after as Json | null)?.['key_alias'] === 'wanted by many');
    expect(about.filter(({ outcome }) => outcome === 'begun')).toHaveLength(8);
    expect(about.filter(({ outcome }) => outcome === 'failed')).toHaveLength(7);
  });

  it('find out by themselves when nobody may publish or listen', async () => {
    const { key } = await newKey();
    await gateways.redis.operate((redis) => redis.call('ACL', 'SETUSER', 'default', 'resetchannels'));
    await gateways.redis.operate((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    await manage(admin(1), '/key/block', { key });
    expect(await untilAll(key, 401)).toBeLessThan(cutMs);
    await manage(admin(2), '/key/unblock', { key });
    expect(await untilAll(key, 200)).toBeLessThan(cutMs);
    await gateways.redis.operate((redis) => redis.call('ACL', 'SETUSER', 'default', 'allchannels'));
  });
});
