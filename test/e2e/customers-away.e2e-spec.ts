import { chatBody, post } from '../support/calls';
import { holder, refusalIn } from '../support/holders';
import { describeWithRedis } from '../support/redis-server';
import { Replicas } from '../support/replicas';

describeWithRedis('a customer while Redis is away', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await Replicas.start(1);
  });
  afterAll(() => replicas.close());

  it('is served when it was looked up lately, and else refused like a key that nobody can look up', async () => {
    const own = await holder(replicas.admin(), {});
    const ask = (body: Record<string, unknown>) => post(own, '/v1/chat/completions', chatBody(body));
    expect((await ask({ user: 'known' })).status).toBe(200);
    replicas.redis.freeze();
    try {
      expect((await ask({})).status).toBe(200);
      expect((await ask({ user: 'known' })).status).toBe(200);
      const stranger = await ask({ user: 'never-seen' });
      expect(refusalIn(stranger).slice(0, 2)).toEqual([503, 'service_unavailable']);
      expect(stranger.text).toContain('What the customer of this request is held to');
      expect(stranger.headers.get('retry-after')).toBe('2');
    } finally {
      replicas.redis.thaw();
    }
  });
});
