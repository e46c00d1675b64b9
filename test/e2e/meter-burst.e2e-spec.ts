import { text } from '../simulator/answers';
import { chatBody, post, type ReadAnswer, send } from '../support/calls';
import { type Json, look, manage } from '../support/holders';
import { eventually } from '../support/login-gateways';
import { random, Replicas } from '../support/replicas';
import { describeWithRedis } from '../support/redis-server';

jest.setTimeout(600_000);

const seeds = process.env['TEST_LONG'] === undefined ? 6 : 60;
/** Calls at once, at each of four processes. */
const atOnce = 50;
/** List prices of gpt-5.5, nano-dollars for a token: input, cached input, output. */
const prices = { input: 5_000, cached: 500, output: 30_000 };

describeWithRedis('200 calls at once through four gateways against money for seven', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    // A busy machine must not look like a broken Redis.
    replicas = await Replicas.start(4, { times: { redisCommandMs: 10_000 } });
  });
  afterAll(() => replicas.close());

  /** Whose budget it is: the key's own, or the team's that it belongs to. */
  async function keyWith(nanos: number, isOfTeam: boolean): Promise<{ readonly key: string; readonly id: string }> {
    const budget = { max_budget: nanos / 1e9 };
    const fields = isOfTeam
      ? { team_id: String((await manage(replicas.admin(1), '/team/new', budget))['team_id']) }
      : budget;
    const made = await manage(replicas.admin(0), '/key/generate', fields);
    return { key: String(made['key']), id: String(made['token']) };
  }

  const ask = (at: number, key: string): Promise<ReadAnswer> =>
    post({ url: replicas.admin(at % 4).url, key }, '/v1/chat/completions', chatBody({ stream: at % 3 === 0 }));

  async function spentNanos(id: string): Promise<number> {
    const { info } = (await look(replicas.admin(2), `/key/info?key=${id}`)) as { info: { spend: number } };
    return Math.round(info.spend * 1e9);
  }

  /** Nothing is set aside any more: every answer is settled. */
  async function quiet(id: string, calls: number): Promise<Json[]> {
    let rows: Json[] = [];
    await eventually('every call has its row', async () => {
      rows = (await send(replicas.admin(3), `/spend/logs?api_key=${id}`)).json as Json[];
      return rows.length >= calls;
    });
    return rows;
  }

  it('never spend more, and nobody is refused afterwards while a call is covered', async () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const next = random(seed);
      const usage = {
        input: 200 + Math.floor(next() * 2_000),
        cached: 100,
        output: 20 + Math.floor(next() * 400),
        reasoning: 0,
      };
      replicas.simulator.script.always(text('pong', { usage }));
      const cost = (usage.input - 100) * prices.input + 100 * prices.cached + usage.output * prices.output;
      const budget = 7 * cost;
      const { key, id } = await keyWith(budget, seed % 2 === 0);
      const burst = await Promise.all(Array.from({ length: 4 * atOnce }, (_, at) => ask(at, key)));
      const refused = burst.filter(({ status }) => status !== 200);
      let served = burst.length - refused.length;
      expect([seed, served > 0, served <= 7]).toEqual([seed, true, true]);
      expect([...new Set(refused.map(({ status, json }) => `${status} ${typeIn(json)}`))]).toEqual([
        '429 budget_exceeded',
      ]);
      await quiet(id, served);
      expect([seed, await spentNanos(id)]).toEqual([seed, served * cost]);
      // One after the other, each at another process, whatever that has learnt of such calls.
      for (; served < 7; served += 1) {
        expect([seed, served, (await ask(served, key)).status]).toEqual([seed, served, 200]);
        await quiet(id, served + 1);
      }
      const last = await ask(seed, key);
      expect([last.status, typeIn(last.json)]).toEqual([429, 'budget_exceeded']);
      const rows = await quiet(id, 7);
      expect(rows).toHaveLength(7);
      expect(await spentNanos(id)).toBe(budget);
    }
    expect(await manage(replicas.admin(), '/spend/reconcile', { repair: false })).toMatchObject({ mismatches: [] });
  });
});

function typeIn(json: unknown): string | undefined {
  return (json as { readonly error?: { readonly type: string } } | undefined)?.error?.type;
}
